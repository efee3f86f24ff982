package main

import (
	"encoding/binary"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// schemaAnswers plays the part of an empty ClickHouse. For clickhouse-go it remembers the tables it is told to create
// and describes them again; to our exporter, which asks in JSON, it tells a version and that nothing exists yet.
type schemaAnswers struct {
	mutex  sync.Mutex
	tables map[string][]columnOfTable
}

const version = "25.8.1.1"

type columnOfTable struct{ name, kind, defaultKind string }

func newSchemaAnswers() *schemaAnswers { return &schemaAnswers{tables: map[string][]columnOfTable{}} }

var (
	createTable   = regexp.MustCompile("(?is)^\\s*CREATE\\s+TABLE\\s+IF\\s+NOT\\s+EXISTS\\s+([\\w.`\"]+)")
	describeTable = regexp.MustCompile("(?is)^\\s*DESC(?:RIBE)?\\s+TABLE\\s+([\\w.`\"]+)")
)

func (s *schemaAnswers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	statement := r.URL.Query().Get("query") + string(body)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if strings.Contains(statement, "JSONEachRow") {
		if strings.Contains(statement, "version()") {
			_, _ = io.WriteString(w, `{"version":"`+version+`"}`+"\n")
		}
	} else if strings.Contains(statement, "revision()") {
		// 54460 is the revision clickhouse-go asks in client_protocol_version; answers are written in its form.
		_, _ = w.Write(nativeAnswer([]answerColumn{
			texts("displayName()", "bench"), texts("version()", version),
			{name: "revision()", kind: "UInt32", values: binary.LittleEndian.AppendUint32(nil, 54460), rows: 1},
			texts("timezone()", "UTC"),
		}))
	} else if match := createTable.FindStringSubmatch(statement); match != nil {
		s.tables[bare(match[1])] = columnsOf(statement)
	} else if match := describeTable.FindStringSubmatch(statement); match != nil {
		var names, kinds, defaults, empty []string
		for _, column := range s.tables[bare(match[1])] {
			names = append(names, column.name)
			kinds = append(kinds, column.kind)
			defaults = append(defaults, column.defaultKind)
			empty = append(empty, "")
		}
		_, _ = w.Write(nativeAnswer([]answerColumn{
			texts("name", names...), texts("type", kinds...), texts("default_type", defaults...),
			texts("default_expression", empty...), texts("comment", empty...),
			texts("codec_expression", empty...), texts("ttl_expression", empty...),
		}))
	}
}

func bare(name string) string { return strings.NewReplacer("`", "", `"`, "").Replace(name) }

var defaultKinds = regexp.MustCompile(`\b(MATERIALIZED|ALIAS|DEFAULT)\b`)

// columnsOf reads the column list of a CREATE TABLE: names and types; a Nested column becomes its arrays.
func columnsOf(statement string) []columnOfTable {
	open := strings.IndexByte(statement, '(')
	depth, end := 0, open
	for ; end < len(statement); end++ {
		if statement[end] == '(' {
			depth++
		} else if statement[end] == ')' {
			if depth--; depth == 0 {
				break
			}
		}
	}
	var columns []columnOfTable
	for _, definition := range splitTopLevel(statement[open+1 : end]) {
		name, rest, _ := strings.Cut(definition, " ")
		if name == "INDEX" || name == "PROJECTION" {
			continue
		}
		name, rest = bare(name), strings.TrimSpace(rest)
		kind := typeAtStart(rest)
		if inner, nested := strings.CutPrefix(strings.ReplaceAll(kind, "Nested (", "Nested("), "Nested("); nested {
			for _, element := range splitTopLevel(strings.TrimSuffix(inner, ")")) {
				elementName, elementKind, _ := strings.Cut(element, " ")
				columns = append(columns, columnOfTable{name + "." + elementName, "Array(" + strings.TrimSpace(elementKind) + ")", ""})
			}
			continue
		}
		if kind == "Boolean" {
			kind = "Bool"
		}
		columns = append(columns, columnOfTable{name, kind, defaultKinds.FindString(strings.TrimPrefix(rest, kind))})
	}
	return columns
}

// typeAtStart returns the type that a column definition begins with: a word and, if present, its parentheses.
func typeAtStart(definition string) string {
	depth := 0
	for i := range len(definition) {
		switch definition[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return definition[:i+1]
			}
		case ' ':
			if depth == 0 && !strings.HasPrefix(strings.TrimSpace(definition[i:]), "(") {
				return definition[:i]
			}
		}
	}
	return definition
}

type answerColumn struct {
	name, kind string
	values     []byte
	rows       int
}

func texts(name string, values ...string) answerColumn {
	column := answerColumn{name: name, kind: "String", rows: len(values)}
	for _, value := range values {
		column.values = appendText(column.values, value)
	}
	return column
}

// nativeAnswer writes one Native block as a server does for protocol revision 54460: block info first, and one byte
// after each type that says "no custom serialization".
func nativeAnswer(columns []answerColumn) []byte {
	out := []byte{1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0}
	out = binary.AppendUvarint(out, uint64(len(columns)))
	out = binary.AppendUvarint(out, uint64(columns[0].rows))
	for _, column := range columns {
		out = appendText(appendText(out, column.name), column.kind)
		out = append(out, 0)
		out = append(out, column.values...)
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}
