package profile

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/twmb/franz-go/pkg/kversion"
)

// formats are the string formats of the schema that JSON Schema does not know itself. Their errors say what is wanted
// and never repeat the value: it may hold what must not be printed.
func formats() []*jsonschema.Format {
	return []*jsonschema.Format{
		{Name: "go-duration", Validate: onText(duration)},
		{Name: "go-duration-or-none", Validate: onText(durationOrNone)},
		{Name: "host-port", Validate: onText(hostPort)},
		{Name: "loopback-port", Validate: onText(loopbackPort)},
		{Name: "http-url", Validate: onText(httpURL)},
		{Name: "kafka-version", Validate: onText(kafkaVersion)},
		{Name: "template", Validate: onText(template)},
	}
}

// onText leaves values of other types to the schema's "type".
func onText(check func(string) error) func(any) error {
	return func(v any) error {
		text, ok := v.(string)
		if !ok {
			return nil
		}
		return check(text)
	}
}

func duration(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("is not a duration: want a number with its unit, such as 5s, 250ms or 1m30s")
	}
	if d <= 0 {
		return errors.New("is not a duration above zero, such as 5s, 250ms or 1m30s")
	}
	return nil
}

func durationOrNone(text string) error {
	if d, err := time.ParseDuration(text); err == nil && d == 0 {
		return nil
	}
	return duration(text)
}

func hostPort(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return errors.New("is not an address: want host:port, such as 127.0.0.1:9092 or [::1]:9092")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return errors.New("has no usable port: want host:port with a port from 1 to 65535")
	}
	return nil
}

func loopbackPort(text string) error {
	if err := hostPort(text); err != nil {
		return err
	}
	if host, _, _ := net.SplitHostPort(text); !net.ParseIP(host).IsLoopback() {
		return errors.New("is open to other machines: want 127.0.0.1:port")
	}
	return nil
}

func httpURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("is not a URL: want http://host:port/path or https://host/path")
	}
	if u.User != nil {
		return errors.New("holds a user or password: secrets are named, never stored in a profile")
	}
	return nil
}

func kafkaVersion(text string) error {
	if kversion.FromString(text) == nil {
		known := kversion.VersionStrings()
		return fmt.Errorf("is not a Kafka version that the client knows: want one from %s to %s, such as 3.4",
			known[len(known)-1][1:], known[0][1:])
	}
	return nil
}
