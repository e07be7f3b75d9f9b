package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Forms for other programs.

// JSON writes the whole report, every sample included. Times are in seconds.
func JSON(w io.Writer, r *compare.Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// CSV writes one row for each value of each sample, with a head.
func CSV(w io.Writer, r *compare.Report) error {
	c := csv.NewWriter(w)
	rows := [][]string{{
		"cell", "size_bytes", "concurrency", "mtu", "link", "workload", "series", "round", "run", "order", "start_s", "amount", "metric", "unit", "value",
	}}
	for i := range r.Samples {
		m := &r.Samples[i]
		cell := r.Cells[m.Cell]
		for _, x := range m.Workload.Metrics() {
			v, ok := m.Values[x.Name]
			if !ok {
				continue
			}
			rows = append(rows, []string{
				strconv.Itoa(m.Cell), strconv.FormatInt(cell.Size, 10), strconv.Itoa(cell.Concurrency), strconv.Itoa(cell.MTU), cell.Link,
				string(m.Workload), string(m.Series), strconv.Itoa(m.Round), strconv.Itoa(m.Run), strconv.Itoa(m.Order), number(m.Start), strconv.FormatInt(m.Amount, 10),
				x.Name, string(x.Unit), number(v),
			})
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return err
	}
	return c.Error()
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Markdown writes the tables for a page on the web.
func Markdown(w io.Writer, r *compare.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Our TCP and the kernel's: %s\n\n", r.Title)
	for _, text := range r.Verdicts {
		fmt.Fprintf(&b, "- %s\n", text)
	}
	b.WriteString("\n")
	for _, s := range sections(r) {
		fmt.Fprintf(&b, "## %s\n\n%s.\n\n", s.Title, s.Note)
		markdownTable(&b, s.Spread)
		markdownTable(&b, s.Measures)
	}
	fmt.Fprintf(&b, "%s\n", legend)
	if len(r.Warnings) > 0 {
		b.WriteString("\n## Warnings\n\n")
		for _, text := range r.Warnings {
			fmt.Fprintf(&b, "- %s\n", text)
		}
	}
	b.WriteString("\n## Conditions\n\n")
	var t table
	t.Head = []string{"what", "value"}
	for _, p := range r.Paths {
		t.Rows = append(t.Rows, []string{"path of " + string(p.Series), p.Path})
	}
	for _, c := range r.Conditions {
		t.Rows = append(t.Rows, []string{c.Name, c.Value})
	}
	t.Rows = append(t.Rows, []string{"seed", strconv.FormatUint(r.Seed, 10)})
	markdownTable(&b, t)
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func markdownTable(b *strings.Builder, t table) {
	for _, row := range append([][]string{t.Head, repeat("---", len(t.Head))}, t.Rows...) {
		b.WriteString("|")
		for _, field := range row {
			fmt.Fprintf(b, " %s |", strings.ReplaceAll(field, "|", "\\|"))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func repeat(s string, n int) (list []string) {
	for range n {
		list = append(list, s)
	}
	return list
}

// Benchmark writes the samples as results of Go benchmarks, one line each, for
//
//	benchstat -col /series FILE
func Benchmark(w io.Writer, r *compare.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/sockeye-tcp/sockeye/compare\n", runtime.GOOS, runtime.GOARCH)
	for _, c := range r.Conditions {
		fmt.Fprintf(&b, "%s: %s\n", benchKey(c.Name), c.Value)
	}
	for i := range r.Samples {
		m := &r.Samples[i]
		fmt.Fprintf(&b, "%s 1", benchName(r, m))
		for k, x := range m.Workload.Metrics() {
			if v, ok := m.Values[x.Name]; ok {
				b.WriteString("\t" + benchValue(x, v, k == 0))
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// benchName names a sample's benchmark; what is the same in all cells is left out.
func benchName(r *compare.Report, m *compare.Sample) string {
	name := "Benchmark" + strings.ToUpper(string(m.Workload[:1])) + string(m.Workload[1:])
	c := r.Cells[m.Cell].For(m.Workload)
	if c.Size > 0 {
		name += fmt.Sprintf("/size=%d", c.Size)
	}
	if c.Concurrency > 1 {
		name += fmt.Sprintf("/concurrency=%d", c.Concurrency)
	}
	if c.MTU > 0 {
		name += fmt.Sprintf("/mtu=%d", c.MTU)
	}
	if c.Link != "none" && c.Link != "" {
		name += "/link=" + strings.ReplaceAll(c.Link, "/", "_")
	}
	return name + "/series=" + string(m.Series)
}

// benchKey makes a condition's name a key of the format: lower case, no spaces.
func benchKey(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", "-"))
}

// benchValue writes a value with a unit that benchstat knows how to scale.
func benchValue(x compare.Metric, v float64, main bool) string {
	name := strings.ReplaceAll(x.Name, "_", "-")
	switch x.Unit {
	case compare.Seconds:
		if main {
			return number(v*1e9) + " ns/op"
		}
		return number(v) + " " + name + "-sec/op"
	case compare.BytesPerSecond:
		return number(v) + " B/s"
	case compare.PerSecond:
		return number(v) + " req/s"
	case compare.Bytes:
		return number(v) + " " + name + "-bytes"
	}
	return number(v) + " " + name
}
