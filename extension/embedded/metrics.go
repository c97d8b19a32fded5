package embedded

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// metrics are what the cluster counts, in a registry of its own. They outlive the brokers.
type metrics struct {
	registry *prometheus.Registry
	started  time.Time

	requests *prometheus.CounterVec // by broker and API
	records  *prometheus.CounterVec // by broker
	bytes    *prometheus.CounterVec
	refused  *prometheus.CounterVec // by broker and Kafka error
	storage  *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	restarts prometheus.Counter
	taken    *prometheus.CounterVec // by broker

	server   *http.Server
	listener net.Listener
	done     chan struct{}
}

const metricsNamespace = "k6suite_embedded"

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: metricsNamespace, Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(), started: time.Now(),
		requests: counter("requests_total", "Requests received, by broker and Kafka API.", "broker", "api"),
		records:  counter("produced_records_total", "Records stored for producers, by the broker that acked them.", "broker"),
		bytes:    counter("produced_bytes_total", "Bytes of the record batches stored, as they were sent.", "broker"),
		refused:  counter("refused_batches_total", "Record batches that were not acked, by Kafka error.", "broker", "error"),
		storage: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: metricsNamespace, Name: "s3_request_seconds", Help: "Time of the requests to object storage.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"operation"}),
		errors: counter("s3_errors_total", "Requests to object storage that failed.", "operation"),
		taken:  counter("takeovers_total", "Partitions taken over from brokers that were dead or paused, by who leads them since.", "broker"),
		restarts: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: metricsNamespace, Name: "restarts_total", Help: "Times that all brokers were killed and started empty.",
		}),
	}
	uptime := prometheus.GaugeOpts{Namespace: metricsNamespace, Name: "uptime_seconds", Help: "Time since the start of the cluster."}
	m.registry.MustRegister(m.requests, m.records, m.bytes, m.refused, m.storage, m.errors, m.restarts, m.taken,
		prometheus.NewGaugeFunc(uptime, func() float64 { return time.Since(m.started).Seconds() }))
	return m
}

// gauges adds what is read from the cluster when somebody asks.
func (m *metrics) gauges(c *Cluster) {
	gauge := func(name, help string, value func(*life) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Namespace: metricsNamespace, Name: name, Help: help},
			func() float64 {
				c.mu.Lock()
				defer c.mu.Unlock()
				if c.life == nil {
					return 0
				}
				return value(c.life)
			}))
	}
	gauge("brokers", "Brokers that run.", func(*life) float64 {
		n := 0
		for _, b := range c.brokers {
			if b.running() != nil {
				n++
			}
		}
		return float64(n)
	})
	gauge("connections", "Connections of clients that are open, and of the single endpoint to brokers.", func(*life) float64 {
		n := 0
		if c.endpoint != nil {
			n = c.endpoint.Open()
		}
		for _, b := range c.brokers {
			if p := b.running(); p != nil {
				n += len(p.connections())
			}
		}
		return float64(n)
	})
	gauge("topics", "Topics.", func(l *life) float64 { return float64(len(l.catalog.all())) })
	gauge("high_watermarks", "Sum of the high watermarks of all partitions.", func(l *life) float64 {
		sum := int64(0)
		for _, t := range l.catalog.all() {
			for _, p := range l.kfake.PartitionInfos(t.name) {
				sum += p.HighWatermark
			}
		}
		return float64(sum)
	})
}

func (m *metrics) request(node int32, key kmsg.Key) {
	m.requests.WithLabelValues(strconv.Itoa(int(node)), key.Name()).Inc()
}

func (m *metrics) produced(node int32, b batch, o outcome) {
	broker := strconv.Itoa(int(node))
	if o.err != nil {
		m.refused.WithLabelValues(broker, o.err.Message).Inc()
		return
	}
	m.records.WithLabelValues(broker).Add(float64(b.Count()))
	m.bytes.WithLabelValues(broker).Add(float64(len(b)))
}

// serve answers GET /metrics on a free loopback port until close.
func (m *metrics) serve() (err error) {
	if m.listener, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	m.done = make(chan struct{})
	go func() {
		defer close(m.done)
		_ = m.server.Serve(m.listener) // ErrServerClosed after close; there is no other way out
	}()
	return nil
}

func (m *metrics) url() string { return "http://" + m.listener.Addr().String() + "/metrics" }

func (m *metrics) close() error {
	if m.server == nil {
		return nil
	}
	err := m.server.Close()
	<-m.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
