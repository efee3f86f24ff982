// The services in Go: one program, and the name it is started by says which service it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	services := map[string]func(*truth) error{
		"catalog":   catalog,
		"inventory": inventory,
		"shipping":  shipping,
		"client":    client,
	}
	name := filepath.Base(os.Args[0])
	run, known := services[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s is none of catalog, inventory, shipping, client\n", name)
		os.Exit(2)
	}
	if err := run(openTruth(name)); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// address is where a back end is; it is reached over TLS when the variable begins with tls://.
type address struct {
	hostPort string
	tls      bool
}

// addressOf reads NAME=tcp://HOST:PORT or tls://HOST:PORT.
func addressOf(name string) address {
	text := os.Getenv(name)
	if len(text) < 7 || (text[:6] != "tcp://" && text[:6] != "tls://") {
		fmt.Fprintf(os.Stderr, "%s is %q: tcp://HOST:PORT or tls://HOST:PORT is needed\n", name, text)
		os.Exit(2)
	}
	return address{hostPort: text[6:], tls: text[:3] == "tls"}
}
