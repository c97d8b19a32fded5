package access

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"k6suite/extension/ledger"
)

// Mark says in a word how a request ended, and whether that was right.
func (c Cell) Mark() string {
	switch granted := c.Outcome == ledger.AccessGranted; {
	case !c.InScope && (granted || c.Effect != ""):
		return "LEAK"
	case c.InScope && granted:
		return "yes"
	case c.InScope && c.Outcome == ledger.AccessDenied:
		return "REFUSED"
	case c.InScope:
		return "?"
	case c.Outcome == ledger.AccessDenied:
		return "no"
	default:
		return "UNCLEAR"
	}
}

// Matrix shows all requests: a line for each operation, a column for each principal and whose things it asked for.
func (r Report) Matrix() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	columns, lines := r.axes(func(c Cell) bool { return c.Domain != theCluster })
	r.table(w, "OPERATION", columns, lines)
	fmt.Fprintln(w)
	columns, lines = r.axes(func(c Cell) bool { return c.Domain == theCluster })
	r.table(w, "ON THE CLUSTER", columns, lines)
	_ = w.Flush() // into memory
	fmt.Fprintln(&out, "\nyes: allowed and done   no: refused as it must be   ?: allowed, but did not work   LEAK, REFUSED, UNCLEAR: wrong")
	lines = strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

type column struct{ domain, who string }

// axes gives the columns and lines that some of the cells make, in their order.
func (r Report) axes(of func(Cell) bool) (columns []column, lines []string) {
	for _, c := range r.Cells {
		if !of(c) {
			continue
		}
		if at := (column{c.Domain, c.Who}); !slices.Contains(columns, at) {
			columns = append(columns, at)
		}
		if !slices.Contains(lines, c.Operation) {
			lines = append(lines, c.Operation)
		}
	}
	return columns, lines
}

func (r Report) table(w *tabwriter.Writer, title string, columns []column, lines []string) {
	fmt.Fprint(w, title)
	last := ""
	for _, c := range columns {
		head := c.domain
		if head == last {
			head = ""
		}
		last = c.domain
		fmt.Fprintf(w, "\t%s", head)
	}
	fmt.Fprint(w, "\n")
	for _, c := range columns {
		fmt.Fprintf(w, "\t%s", c.who)
	}
	fmt.Fprint(w, "\n")
	for _, line := range lines {
		fmt.Fprint(w, line)
		for _, c := range columns {
			fmt.Fprintf(w, "\t%s", r.markAt(line, c))
		}
		fmt.Fprint(w, "\n")
	}
}

func (r Report) markAt(line string, c column) string {
	i := slices.IndexFunc(r.Cells, func(cell Cell) bool { return cell.Operation == line && cell.Domain == c.domain && cell.Who == c.who })
	if i < 0 {
		return ""
	}
	return r.Cells[i].Mark()
}
