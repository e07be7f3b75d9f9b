// Package usage asks Linux what processes use: processor time and memory. Elsewhere it is empty.
package usage
