package embedded

import (
	"fmt"
	"hash/fnv"
)

// spread has the partitions of a new topic led by the brokers in turn, where kfake draws lots. The first leader depends on the
// topic's name, so that topics of one partition do not all end at one broker.
func (l *life) spread(d *topicDocument) error {
	first := fnv.New32a()
	_, _ = first.Write([]byte(d.Name))
	for partition, leader := range d.Leaders {
		wanted := int32((uint64(first.Sum32()) + uint64(partition)) % uint64(len(l.brokers)))
		wanted = l.mischief.leads(place{d.Name, int32(partition)}, wanted)
		if leader == wanted {
			continue
		}
		if err := l.kfake.MoveTopicPartition(d.Name, int32(partition), wanted); err != nil {
			return fmt.Errorf("have broker %d lead %s/%d: %w", wanted, d.Name, partition, err)
		}
		d.Leaders[partition] = wanted
		d.Epochs[partition]++
	}
	return nil
}
