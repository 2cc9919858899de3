package fresh

import "sync"

// memory is what was read at one revision, up to a total weight. When that is reached it starts anew: what
// is in use comes back at once.
type memory[K comparable, V any] struct {
	most   int
	weight func(K, V) int

	mu       sync.RWMutex
	revision int64
	has      map[K]V
	weighs   int
}

func (m *memory[K, V]) get(revision int64, key K) (v V, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if revision != m.revision {
		return v, false
	}
	v, ok = m.has[key]
	return v, ok
}

func (m *memory[K, V]) put(revision int64, key K, v V) {
	w := m.weight(key, v)
	m.mu.Lock()
	defer m.mu.Unlock()
	if revision < m.revision || w > m.most {
		return // read by a call that has been overtaken, or too large to be kept
	}
	if old, ok := m.has[key]; ok && revision == m.revision {
		m.weighs -= m.weight(key, old)
	}
	if revision > m.revision || m.has == nil || m.weighs+w > m.most {
		m.revision, m.has, m.weighs = revision, map[K]V{}, 0
	}
	m.has[key] = v
	m.weighs += w
}
