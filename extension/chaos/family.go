package chaos

// Family is what a fault acts on.
type Family string

// The families.
const (
	Wire      Family = "wire"      // messages between clients and brokers
	Storage   Family = "storage"   // requests to object storage
	Processes Family = "processes" // brokers
)

// Excuse says which errors clients may see while a fault is active.
type Excuse string

// The excuses.
const (
	// AllErrors: the fault makes errors of its own.
	AllErrors Excuse = "all"
	// RetriableErrors and timeouts: trouble in storage becomes backpressure (F6.4).
	RetriableErrors Excuse = "retriable"
	// NoErrors: brokers are disposable (F4.2, NFR1.2, NFR4.*). While all of them are dead, every error is excused; BrokerChange says when.
	NoErrors Excuse = "none"
)

func (f Family) excuses() Excuse {
	switch f {
	case Storage:
		return RetriableErrors
	case Processes:
		return NoErrors
	default:
		return AllErrors
	}
}
