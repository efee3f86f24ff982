// Calls to MariaDB by go-sql-driver: statements prepared once on each connection.
package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

type mariadb struct {
	to    address
	slots *slots[*mariadbClient]
}

type mariadbClient struct {
	port     *port
	database *sql.DB
	prepared map[string]*sql.Stmt
}

func newMariadb(to address, connections int) *mariadb {
	return &mariadb{to: to, slots: newSlots(connections, func() *mariadbClient {
		client := &mariadbClient{port: &port{}, prepared: map[string]*sql.Stmt{}}
		config := mysql.NewConfig()
		config.User, config.DBName, config.Net, config.Addr = "root", "shop", "tcp", to.hostPort
		if to.tls {
			config.TLSConfig = "skip-verify"
		}
		// The driver wraps the connection in TLS itself, after its greeting.
		config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return client.port.dial(ctx, to, false) }
		connector, err := mysql.NewConnector(config)
		if err != nil {
			panic(err)
		}
		client.database = sql.OpenDB(connector)
		client.database.SetMaxOpenConns(1)
		return client
	})}
}

// query runs a statement for its rows; each row is one text a column.
func (m *mariadb) query(r *request, statement string, arguments ...any) (rows [][]string, err error) {
	m.slots.with(func(client *mariadbClient) {
		prepared := client.prepared[statement]
		if prepared == nil && len(arguments) > 0 {
			if prepared, err = client.database.Prepare(statement); err != nil {
				return
			}
			client.prepared[statement] = prepared
		}
		made := call{Protocol: "mysql", Address: m.to.hostPort, Method: strings.SplitN(statement, " ", 2)[0], Target: statement, TLS: m.to.tls}
		r.call(made, func() (string, int) {
			var found *sql.Rows
			if prepared != nil {
				found, err = prepared.Query(arguments...)
			} else {
				found, err = client.database.Query(statement)
			}
			if err == nil {
				rows, err = texts(found)
			}
			return mariadbStatus(err), int(client.port.number.Load())
		})
	})
	return rows, err
}

func texts(found *sql.Rows) (rows [][]string, err error) {
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return nil, err
	}
	for found.Next() {
		row := make([]string, len(columns))
		places := make([]any, len(columns))
		for index := range row {
			places[index] = &row[index]
		}
		if err := found.Scan(places...); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

func mariadbStatus(err error) string {
	var refused *mysql.MySQLError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &refused):
		return strconv.Itoa(int(refused.Number))
	default:
		return err.Error()
	}
}
