// Parses pieces of Go, and says every text in them: the file, a tab, and the text in hex.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"strconv"
)

func main() {
	for _, path := range os.Args[1:] {
		code, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		whole := "package p\n\nfunc f() {\n" + string(code) + "}\n"
		file, err := parser.ParseFile(token.NewFileSet(), path, whole, parser.AllErrors)
		if err != nil {
			log.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					log.Fatal(err)
				}
				fmt.Printf("%s\t%x\n", path, text)
			}
			return true
		})
	}
}
