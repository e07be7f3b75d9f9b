// Package steptui is the full screen of sockeye step: it shows a step.Player and turns keys into its
// moves. There is nothing of TCP in it, and nothing of the screen in package step.
//
// A [Model] is a machine as everything here: keys and the size of the window go in with Update, and
// View gives the rows of the screen. Run puts it on a terminal.
//
// The screen has a title, the ladder, both ends with their variables and timers, the
// packets in flight, the note of the step, and a line of keys or a prompt. It works from 64 columns and 16 rows on,
// and uses what there is. Nothing is told by colour alone.
package steptui
