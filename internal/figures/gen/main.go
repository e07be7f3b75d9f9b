// Command gen writes the figures of package figures into docs/figures. It is run from the root of the module.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/sockeye-tcp/sockeye/internal/figures"
)

func main() {
	if err := write("docs/figures"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	all, err := figures.All()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, svg := range all {
		if err := os.WriteFile(filepath.Join(dir, name), svg, 0o666); err != nil {
			return err
		}
	}
	return nil
}
