// gzip as the generator sends it and the sink reads it: the fastest level, because neither is what is measured.
package rawgrpc

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"google.golang.org/grpc/encoding"
)

// RegisterGzip makes "gzip" known to grpc. The sink reads with it whatever level the other side wrote.
func RegisterGzip() { encoding.RegisterCompressor(&gzipCompressor{}) }

type gzipCompressor struct {
	writers sync.Pool
	readers sync.Pool
}

func (c *gzipCompressor) Name() string { return "gzip" }

func (c *gzipCompressor) Compress(w io.Writer) (io.WriteCloser, error) {
	if pooled, ok := c.writers.Get().(*pooledWriter); ok {
		pooled.Reset(w)
		return pooled, nil
	}
	writer, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	return &pooledWriter{writer, &c.writers}, err
}

func (c *gzipCompressor) Decompress(r io.Reader) (io.Reader, error) {
	if pooled, ok := c.readers.Get().(*pooledReader); ok {
		return pooled, pooled.Reset(r)
	}
	reader, err := gzip.NewReader(r)
	return &pooledReader{reader, &c.readers}, err
}

type pooledWriter struct {
	*gzip.Writer
	pool *sync.Pool
}

func (w *pooledWriter) Close() error {
	defer w.pool.Put(w)
	return w.Writer.Close()
}

type pooledReader struct {
	*gzip.Reader
	pool *sync.Pool
}

func (r *pooledReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err == io.EOF {
		r.pool.Put(r)
	}
	return n, err
}
