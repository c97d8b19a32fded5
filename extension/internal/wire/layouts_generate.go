//go:build ignore

// Command layouts_generate writes layouts.txt: how the messages of the Kafka protocol are laid out, as the decoders of kmsg read
// them. It reads their source, which the module cache has.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// letters are what the methods of a reader read.
var letters = map[string]string{
	"Bool": "b", "Int8": "b", "Int16": "h", "Uint16": "h", "Int32": "i", "Int64": "l", "Float64": "l", "Uuid": "u",
	"String": "s", "NullableString": "s", "Bytes": "y", "NullableBytes": "y",
}

func main() {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/twmb/franz-go/pkg/kmsg").Output()
	check(err)
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "generated.go"), nil, 0)
	check(err)
	decoders := map[string]*ast.BlockStmt{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "readFrom" {
			decoders[f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name] = f.Body
		}
	}
	var out bytes.Buffer
	for key := range int16(kmsg.MaxKey + 1) {
		request := kmsg.RequestForKey(key)
		if request == nil {
			continue
		}
		for direction, message := range []any{request, request.ResponseKind()} {
			name := strings.TrimPrefix(fmt.Sprintf("%T", message), "*kmsg.")
			body := decoders[name]
			fmt.Fprintf(&out, "%d %c %d %s\n", key, "><"[direction], flexibleFrom(body), fields(body.List))
		}
	}
	check(os.WriteFile("layouts.txt", out.Bytes(), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// flexibleFrom gives the first flexible version, −1 if there is none.
func flexibleFrom(body *ast.BlockStmt) int {
	for _, s := range body.List {
		if a, ok := s.(*ast.AssignStmt); ok && isName(a.Lhs[0], "isFlexible") {
			return bound(a.Rhs[0], token.GEQ)
		}
	}
	return -1
}

// fields gives the struct whose fields the statements read.
func fields(stmts []ast.Stmt) string {
	var all []string
	for _, s := range stmts {
		switch s := s.(type) {
		case *ast.BlockStmt:
			all = append(all, content(s.List))
		case *ast.IfStmt:
			if isName(s.Cond, "isFlexible") {
				all = append(all, tags(s.Body)...)
			} else if from := bound(s.Cond, token.GEQ); from >= 0 {
				to := ""
				if most := bound(s.Cond, token.LEQ); most >= 0 {
					to = fmt.Sprint(most)
				}
				all = append(all, fmt.Sprintf("%d-%s%s", from, to, content(s.Body.List)))
			}
		}
	}
	return "(" + strings.Join(all, " ") + ")"
}

// content gives the type of one field.
func content(stmts []ast.Stmt) string {
	for _, s := range stmts {
		switch s := s.(type) {
		case *ast.ForStmt:
			return "[" + content(s.Body.List) + "]"
		case *ast.IfStmt:
			if a, ok := s.Init.(*ast.AssignStmt); ok && isName(a.Lhs[0], "present") {
				return "?" + fields(s.Body.List)
			}
		case *ast.AssignStmt:
			if of, ok := s.Rhs[0].(*ast.UnaryExpr); ok && of.Op == token.AND && isName(s.Lhs[0], "v") {
				return fields(stmts)
			}
		}
	}
	return scalar(stmts)
}

func scalar(stmts []ast.Stmt) string {
	found := ""
	for _, s := range stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && found == "" {
				if method, ok := call.Fun.(*ast.SelectorExpr); ok && isName(method.X, "b") {
					name := strings.TrimPrefix(strings.TrimPrefix(method.Sel.Name, "Unsafe"), "Compact")
					found = letters[name]
				}
			}
			return found == ""
		})
	}
	if found == "" {
		log.Fatalf("a field that is not understood: %d statements", len(stmts))
	}
	return found
}

// tags gives the known tagged fields; those that are not are skipped without a layout.
func tags(body *ast.BlockStmt) []string {
	var all []string
	ast.Inspect(body, func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok || len(c.List) == 0 {
			return true
		}
		all = append(all, c.List[0].(*ast.BasicLit).Value+":"+content(c.Body[1:])) // behind the reader of its bytes
		return false
	})
	return all
}

func isName(e ast.Expr, name string) bool {
	i, ok := e.(*ast.Ident)
	return ok && i.Name == name
}

// bound gives the version that the condition compares with in that way, −1 if it does not.
func bound(e ast.Expr, op token.Token) int {
	b, ok := e.(*ast.BinaryExpr)
	if !ok {
		return -1
	}
	if b.Op == token.LAND {
		return max(bound(b.X, op), bound(b.Y, op))
	}
	n := -1
	if lit, ok := b.Y.(*ast.BasicLit); ok && b.Op == op && isName(b.X, "version") {
		_, err := fmt.Sscan(lit.Value, &n)
		check(err)
	}
	return n
}
