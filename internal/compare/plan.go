package compare

import "math/rand/v2"

// The order of the runs.

// An Order deals out the series in blocks. A block is a permutation of them
// followed by its reverse, such as A B B A, so that within a block a steady drift
// adds the same to each; the permutation of each block is drawn by the seed, so
// that no rhythm of the machine can follow the order.
type Order struct {
	rng    *rand.Rand
	series []Series
}

// NewOrder returns the order that belongs to a seed. Different streams of one
// seed are unrelated.
func NewOrder(seed, stream uint64, series []Series) *Order {
	return &Order{rng: rand.New(rand.NewPCG(seed, stream)), series: append([]Series(nil), series...)}
}

// Block returns the next block: each series twice.
func (o *Order) Block() []Series {
	o.rng.Shuffle(len(o.series), func(i, j int) { o.series[i], o.series[j] = o.series[j], o.series[i] })
	block := append([]Series(nil), o.series...)
	for i := len(o.series) - 1; i >= 0; i-- {
		block = append(block, o.series[i])
	}
	return block
}
