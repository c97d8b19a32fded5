package ledger

import "fmt"

// PARTITIONER: a record with a key, of a producer that leaves the partition to the key, stands in another partition than
// murmur2(key) & 0x7fffffff mod partitions, which is what Java's default partitioner chooses. A record that the ack put elsewhere is
// an OFFSET_MISMATCH, and one that stands in two partitions a DUPLICATE.
func (j *judging) partitioner(v *partView) {
	count, judged := j.options.Partitions[v.p.tp.Topic]
	if !judged || !v.p.keyed {
		return
	}
	if told := v.p.topic.partitions.Load(); told != count {
		j.doubt(PartitionsUnknown, fmt.Sprintf("PARTITIONER cannot be judged on %s: the ledger was told of %d partitions, there are %d",
			v.p.tp, told, count))
		return
	}
	each(v.p.misplacedAt.copy(), func(offset int64) bool {
		_, read := v.p.views(offset)
		s := read.serial()
		p := j.producer(s)
		if read == 0 || v.differing.Contains(uint64(offset)) || p.mismatched.Contains(s.Sequence()) ||
			p.duplicated.Contains(s.Sequence()) && !j.firstCopy(v, offset, s) {
			return true
		}
		j.out.add(Partitioner, func() Finding {
			f := j.record(v.about(offset), s)
			f.Detail = "its key belongs in another partition"
			for _, m := range v.p.misplaced.kept {
				if m.offset == offset {
					f.Detail = fmt.Sprintf("its key belongs in partition %d of %d", m.want, count)
				}
			}
			return f
		})
		return true
	})
}
