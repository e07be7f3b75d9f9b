// Gen writes docs/rfc9293.md. It takes no arguments and runs anywhere inside the module.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sockeye-tcp/sockeye/internal/requirements"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	page, err := requirements.Generate(os.DirFS(root))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, requirements.Page), []byte(page), 0o644)
}

// moduleRoot returns the nearest directory, from this one upwards, that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod here or above")
		}
		dir = up
	}
}
