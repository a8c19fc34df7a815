import CLibbpf

extension BPFMap {
    /// The keys of a hash. Where programs add and remove at the same time, some may be missing and others come
    /// twice.
    public func keys<Key: BitwiseCopyable>(as: Key.Type = Key.self) -> [Key] {
        precondition(MemoryLayout<Key>.size == keySize)
        var found: [Key] = []
        unsafe withUnsafeTemporaryAllocation(of: Key.self, capacity: 1) { buffer in
            guard let next = buffer.baseAddress else { return }
            var result = unsafe bpf_map_get_next_key(descriptor, nil, next)
            // After a key that is gone by now the kernel begins anew: bounded, because that can go on for ever.
            while result == 0, found.count < 2 * maxEntries {
                var last = unsafe next.pointee
                found.append(last)
                result = unsafe bpf_map_get_next_key(descriptor, &last, next)
            }
        }
        return found
    }

    /// Takes a key out; false where it was not there.
    @discardableResult
    public func remove<Key: BitwiseCopyable>(_ key: Key) -> Bool {
        precondition(MemoryLayout<Key>.size == keySize)
        var key = key
        return unsafe bpf_map_delete_elem(descriptor, &key) == 0
    }
}
