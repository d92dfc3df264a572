package watch

// memory remembers when things were, of the newest ones: it has two halves, and
// forgets the older one when the newer is full.
type memory[K comparable, V any] struct {
	most     int
	new, old map[K]V
}

func newMemory[K comparable, V any](most int) *memory[K, V] {
	return &memory[K, V]{most: most / 2, new: map[K]V{}, old: map[K]V{}}
}

// bound changes how many are remembered.
func (m *memory[K, V]) bound(most int) { m.most = most / 2 }

func (m *memory[K, V]) get(k K) (V, bool) {
	if v, ok := m.new[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	return v, ok
}

func (m *memory[K, V]) put(k K, v V) {
	if len(m.new) >= m.most {
		m.turn()
	}
	m.new[k] = v
}

// turn forgets the older half.
func (m *memory[K, V]) turn() { m.new, m.old = map[K]V{}, m.new }

// renew is get, of what is then one of the newest.
func (m *memory[K, V]) renew(k K) (V, bool) {
	if v, ok := m.new[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	if ok {
		delete(m.old, k)
		m.put(k, v)
	}
	return v, ok
}
