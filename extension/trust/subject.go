package trust

// commit is what the build says this suite was made from (-ldflags -X); "" where it says nothing.
var commit string //nolint:gochecknoglobals // the linker can set nothing else

// brokersAtFirst is how many brokers ran before anything was done to them: those that the platform counted, else those that metadata
// showed. Behind a single endpoint that is always one, which says nothing.
func (r *Run) brokersAtFirst() int {
	d := &r.disturbances
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.brokers.first > 0:
		return d.brokers.first
	case r.target.Profile.Claims.SingleEndpoint:
		return 0
	default:
		return int(r.shown.Load())
	}
}
