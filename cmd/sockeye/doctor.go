package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/tun"
)

// What is missing on this host, and how to get it.

const doctorLong = `Check what sockeye needs of this host: the TUN device, the privilege to use it,
forwarding, the firewall, routes. Each check that fails comes with the command
that puts it right. Nothing is changed, unless --clean is given: it
removes what a sockeye that was killed has left behind.

The exit code is 0 when all is well and 1 when something is missing.`

func newDoctorCommand(a *app) *cobra.Command {
	var asJSON, clean bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "check what is missing on this host, and print how to get it",
		Long:  doctorLong,
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if clean {
				return a.clean(asJSON, tun.Clean)
			}
			return a.diagnose(asJSON, tun.Diagnose())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&clean, "clean", false, "remove what killed processes have left: rules, tables, settings")
	return c
}

// doctorSchema numbers the form of doctor's JSON.
const doctorSchema = 1

// diagnose prints the checks.
func (a *app) diagnose(asJSON bool, checks []tun.Check) error {
	missing := 0
	for _, c := range checks {
		if !c.OK {
			missing++
		}
	}
	write := a.writeChecks
	if asJSON {
		write = a.writeChecksJSON
	}
	if err := write(checks, missing); err != nil {
		return err
	}
	if missing > 0 {
		return &exitError{code: exitFailure, shown: true}
	}
	return nil
}

func (a *app) writeChecks(checks []tun.Check, missing int) error {
	for _, c := range checks {
		mark := "ok"
		if !c.OK {
			mark = "missing"
		}
		if _, err := fmt.Fprintf(a.stdout, "%-8s %-20s %s\n", mark, c.Name, c.Found); err != nil {
			return err
		}
		if c.Fix != "" {
			fmt.Fprintf(a.stdout, "%8s %20s %s\n", "", "fix:", c.Fix)
		}
	}
	text := "All is well."
	if missing > 0 {
		text = fmt.Sprintf("%d of %d checks found something missing.", missing, len(checks))
	}
	_, err := fmt.Fprintf(a.stdout, "\n%s\n", text)
	return err
}

func (a *app) writeChecksJSON(checks []tun.Check, missing int) error {
	type check struct {
		Name  string `json:"name"`
		OK    bool   `json:"ok"`
		Found string `json:"found"`
		Fix   string `json:"fix,omitempty"`
	}
	list := make([]check, 0, len(checks))
	for _, c := range checks {
		list = append(list, check(c))
	}
	return json.NewEncoder(a.stdout).Encode(struct {
		Schema int     `json:"schema"`
		OK     bool    `json:"ok"`
		Checks []check `json:"checks"`
	}{doctorSchema, missing == 0, list})
}

// clean removes what was left behind and says what it was.
func (a *app) clean(asJSON bool, remove func() ([]string, error)) error {
	done, err := remove()
	if asJSON {
		if done == nil {
			done = []string{}
		}
		out := struct {
			Schema  int      `json:"schema"`
			Cleaned []string `json:"cleaned"`
		}{doctorSchema, done}
		if writeErr := json.NewEncoder(a.stdout).Encode(out); writeErr != nil {
			return writeErr
		}
	} else {
		for _, line := range done {
			fmt.Fprintln(a.stdout, line)
		}
		if len(done) == 0 && err == nil {
			fmt.Fprintln(a.stdout, "Nothing was left behind.")
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		return &exitError{code: exitNoPrivilege, err: err, hint: "run it as root"}
	}
	return err
}
