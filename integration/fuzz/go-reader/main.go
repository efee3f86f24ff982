// Reads OTLP messages with the Go Collector's own library, for the fuzzer to compare with.
//
// Standard input is a sequence of: encoding ('p' protobuf or 'j' JSON), signal ('t', 'm', 'l' or 'p'), length (4 bytes,
// little endian), message. For each, standard output gets: 1 or 0 for accepted or refused, then with their lengths the
// message as protobuf and as JSON, or the error and nothing.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	header := make([]byte, 6)
	for {
		if in.Buffered() == 0 {
			check(out.Flush())
		}
		if _, err := io.ReadFull(in, header); err == io.EOF {
			return
		} else {
			check(err)
		}
		message := make([]byte, binary.LittleEndian.Uint32(header[2:]))
		_, err := io.ReadFull(in, message)
		check(err)
		proto, json, err := rewrite(header[0] == 'j', header[1], message)
		if err != nil {
			answer(out, 0, []byte(err.Error()), nil)
		} else {
			answer(out, 1, proto, json)
		}
	}
}

func rewrite(isJSON bool, signal byte, message []byte) (proto, json []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	switch signal {
	case 't':
		return convert(isJSON, message,
			(&ptrace.ProtoUnmarshaler{}).UnmarshalTraces, (&ptrace.JSONUnmarshaler{}).UnmarshalTraces,
			(&ptrace.ProtoMarshaler{}).MarshalTraces, (&ptrace.JSONMarshaler{}).MarshalTraces)
	case 'm':
		return convert(isJSON, message,
			(&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics, (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics,
			(&pmetric.ProtoMarshaler{}).MarshalMetrics, (&pmetric.JSONMarshaler{}).MarshalMetrics)
	case 'l':
		return convert(isJSON, message,
			(&plog.ProtoUnmarshaler{}).UnmarshalLogs, (&plog.JSONUnmarshaler{}).UnmarshalLogs,
			(&plog.ProtoMarshaler{}).MarshalLogs, (&plog.JSONMarshaler{}).MarshalLogs)
	default:
		return convert(isJSON, message,
			(&pprofile.ProtoUnmarshaler{}).UnmarshalProfiles, (&pprofile.JSONUnmarshaler{}).UnmarshalProfiles,
			(&pprofile.ProtoMarshaler{}).MarshalProfiles, (&pprofile.JSONMarshaler{}).MarshalProfiles)
	}
}

func convert[T any](
	isJSON bool, message []byte,
	fromProto, fromJSON func([]byte) (T, error), toProto, toJSON func(T) ([]byte, error),
) (proto, json []byte, err error) {
	read := fromProto
	if isJSON {
		read = fromJSON
	}
	data, err := read(message)
	if err != nil {
		return nil, nil, err
	}
	if json, err = toJSON(data); err != nil {
		return nil, nil, fmt.Errorf("to JSON: %w", err)
	}
	proto, err = toProto(data)
	return proto, json, err
}

func answer(out *bufio.Writer, accepted byte, proto, json []byte) {
	check(out.WriteByte(accepted))
	for _, part := range [][]byte{proto, json} {
		check(binary.Write(out, binary.LittleEndian, uint32(len(part))))
		_, err := out.Write(part)
		check(err)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
