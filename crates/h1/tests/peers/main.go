// Answers each request with its own reading of it, in the field X-Reading. The parser is net/http's.
// Usage: peer SOCKET
package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

func pairs(header http.Header) string {
	var out []string
	for name, values := range header {
		for _, value := range values {
			out = append(out, hex.EncodeToString([]byte(name))+"="+hex.EncodeToString([]byte(value)))
		}
	}
	return strings.Join(out, ",")
}

func answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		// A body that cannot be read is a refusal; what follows on the connection is not looked at.
		w.Header().Set("Connection", "close")
		w.WriteHeader(400)
		return
	}
	text := func(s string) string { return hex.EncodeToString([]byte(s)) }
	w.Header()["X-Reading"] = []string{fmt.Sprintf("method:%s;target:%s;host:%s;body:%s;fields:%s;trailers:%s",
		text(r.Method), text(r.RequestURI), text(r.Host), hex.EncodeToString(body), pairs(r.Header), pairs(r.Trailer))}
	w.Header().Set("Content-Length", "0")
}

func main() {
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		panic(err)
	}
	// The test holds the other end of stdin: when it is gone, so is its reason to run.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("ready")
	panic((&http.Server{Handler: http.HandlerFunc(answer), MaxHeaderBytes: 65536}).Serve(listener))
}
