package process

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"k6suite/extension/profile"
)

// Options say what to start.
type Options struct {
	// Chaos has the brokers, the spares, and the helpers that they need.
	Chaos *profile.Chaos
	// Dir is the run's folder, ${run}, for logs and data. It is made where it is missing.
	Dir string
	// Program is ${k6}. Default: this one.
	Program string
	// Env has the variables that placeholders name. Default: os.LookupEnv.
	Env profile.Lookup
	// Guard is the command line of the guard. Default: Program x suite guard.
	Guard []string
	// Patience is how long a process may take to end after SIGTERM, before it is killed. Default: 10s.
	Patience time.Duration
}

const defaultPatience = 10 * time.Second

func (o Options) withDefaults() (Options, error) {
	if o.Chaos == nil || len(o.Chaos.Brokers) == 0 {
		return o, errors.New("the profile names no broker: chaos.brokers")
	}
	if o.Program == "" {
		program, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("finding this program: %w", err)
		}
		o.Program = program
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.Guard == nil {
		o.Guard = []string{o.Program, "x", "suite", "guard"}
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	return o, nil
}

// reserved are the names of logs that are not a helper's.
var reserved = regexp.MustCompile(`^(guard|broker-\d+)$`)

// children makes what the profile has, with all placeholders filled in; nothing is started.
func (o Options) children() (helpers, brokers, spares []*child, err error) {
	for i, h := range o.Chaos.Processes {
		c, bad := o.child(h.Name, h.Command)
		if bad == nil && reserved.MatchString(h.Name) {
			bad = fmt.Errorf("name: %s is the name of another log", h.Name)
		}
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("chaos.processes[%d].%w", i, bad))
			continue
		}
		helpers = append(helpers, c)
	}
	read := func(list string, from []profile.Broker) (out []*child) {
		for i, b := range from {
			c, bad := o.child(fmt.Sprintf("broker-%d", b.ID), b.Command)
			if bad != nil {
				err = errors.Join(err, fmt.Errorf("chaos.%s[%d].%w", list, i, bad))
				continue
			}
			c.id, c.address = b.ID, b.Address
			if c.ready.address == "" && c.ready.url == "" {
				c.ready.address = b.Address
			}
			out = append(out, c)
		}
		return out
	}
	brokers, spares = read("brokers", o.Chaos.Brokers), read("spares", o.Chaos.Spares)
	return helpers, brokers, spares, err
}

// child fills the placeholders of a command in.
func (o Options) child(name string, from profile.Command) (*child, error) {
	fill := func(text string) (string, error) { return profile.Expand(text, o.Program, o.Dir, o.Env) }
	c := &child{name: name, patience: o.Patience, log: logFile{dir: o.Dir, name: name}, argv: make([]string, len(from.Start))}
	var err error
	for i, text := range from.Start {
		if c.argv[i], err = fill(text); err != nil {
			return nil, fmt.Errorf("start[%d]: %w", i, err)
		}
	}
	if c.dir, err = fill(from.Dir); err != nil {
		return nil, fmt.Errorf("dir: %w", err)
	}
	for variable, text := range from.Env {
		value, err := fill(text)
		if err != nil {
			return nil, fmt.Errorf("env.%s: %w", variable, err)
		}
		c.env = append(c.env, variable+"="+value)
	}
	c.ready = readiness{url: from.Ready.HTTP, timeout: time.Duration(from.Ready.Timeout)}
	if from.Ready.Port != 0 {
		c.ready.address = fmt.Sprintf("127.0.0.1:%d", from.Ready.Port)
	}
	return c, nil
}
