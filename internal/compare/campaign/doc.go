// Package campaign plans and tells a campaign that sets our TCP against the
// kernel's on bad links: cells of loss, delay, reordering and rate, in each of
// which the one and the other send to a kernel, or receive from one, over one and
// the same link.
//
// It holds the plan, the observer that stands in the link, the file that the
// samples go to and the table that they end in. It does no input or output but
// that of a reader or writer that it is given; package bench takes the samples.
package campaign
