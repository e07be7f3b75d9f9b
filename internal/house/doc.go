// Package house holds the tests of the rules that keep the project in shape:
// imports point down only, the core needs nothing beyond the standard library and
// golang.org/x/sys, and every direct dependency is on the list with its reason.
// It has no code of its own to import.
package house
