package tcp

import "testing"

func TestCubeRoot(t *testing.T) {
	for _, n := range []int64{0, 1, 7, 8, 26, 27, 28, 1<<30 - 1, 1 << 30, 1<<60 - 1} {
		k := cubeRoot(n)
		if k*k*k > n || (k+1)*(k+1)*(k+1) <= n {
			t.Errorf("the cube root of %d is not %d", n, k)
		}
	}
}
