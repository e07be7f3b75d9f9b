// Package figures draws what congestion control does, for docs/figures: runs of
// our TCP in virtual time, drawn from their event records beside what the RFCs
// say. The same code and the same figures come out everywhere.
//
// "make figures" writes them anew.
package figures
