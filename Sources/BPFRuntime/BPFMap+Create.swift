import CLibbpf
import Glibc
import SystemPackage

extension BPFMap {
    /// Kinds of maps that user space makes itself: those inside of maps of maps.
    public enum Kind: Sendable {
        case array
        /// Memory is taken as entries come.
        case hash
        /// Likewise; keys begin with their length in bits.
        case trie
    }

    /// Makes a map.
    /// - Throws: `BPFError` where the kernel refuses: memory, or rights.
    public init(
        making kind: Kind, name: String, keySize: Int, valueSize: Int, maxEntries: Int
    ) throws(BPFError) {
        var options = bpf_map_create_opts()
        options.sz = MemoryLayout<bpf_map_create_opts>.size
        let type: bpf_map_type
        switch kind {
        case .array: type = BPF_MAP_TYPE_ARRAY
        case .hash: type = BPF_MAP_TYPE_HASH
        case .trie: type = BPF_MAP_TYPE_LPM_TRIE
        }
        if kind != .array { options.map_flags = UInt32(BPF_F_NO_PREALLOC) }
        let descriptor = unsafe bpf_map_create(
            type, name, UInt32(keySize), UInt32(valueSize), UInt32(maxEntries), &options)
        guard descriptor >= 0 else {
            throw BPFError(operation: "make", object: name, errno: Errno(rawValue: -descriptor))
        }
        self.init(
            adopting: descriptor, name: name, keySize: keySize, valueSize: valueSize, maxEntries: maxEntries)
    }

    /// Sets the values of many keys by one call; both lists are equally long.
    ///
    /// In a map of maps values are descriptors, and the call waits until no program can still be in what
    /// stood there.
    public func update<Key: BitwiseCopyable, Value: BitwiseCopyable>(all keys: [Key], _ values: [Value])
        throws(BPFError)
    {
        precondition(MemoryLayout<Key>.stride == keySize && MemoryLayout<Value>.stride == valueSize)
        precondition(keys.count == values.count)
        guard !keys.isEmpty else { return }
        var count = UInt32(keys.count)
        let result = unsafe keys.withUnsafeBytes { keys in
            unsafe values.withUnsafeBytes { values in
                unsafe bpf_map_update_batch(descriptor, keys.baseAddress, values.baseAddress, &count, nil)
            }
        }
        guard result == 0 else {
            throw BPFError(operation: "fill", object: name, errno: Errno(rawValue: -result))
        }
    }
}

extension BPFMap {
    /// Takes everything out of a hash that nobody writes to meanwhile.
    public func takeAll<Key: BitwiseCopyable, Value: BitwiseCopyable>(
        _: Key.Type, _: Value.Type
    ) -> [(key: Key, count: Value)] {
        precondition(MemoryLayout<Key>.stride == keySize && MemoryLayout<Value>.stride == valueSize)
        // All entries of a bucket are given together: the room for all of them is enough for any bucket.
        let room = maxEntries
        var result: [(key: Key, count: Value)] = []
        unsafe withUnsafeTemporaryAllocation(of: Key.self, capacity: room) { keys in
            unsafe withUnsafeTemporaryAllocation(of: Value.self, capacity: room) { values in
                var position: UInt32 = 0
                var isFirst = true
                while true {
                    var count = UInt32(room)
                    var next: UInt32 = 0
                    let error = unsafe withUnsafeMutablePointer(to: &position) { position in
                        unsafe bpf_map_lookup_and_delete_batch(
                            descriptor, isFirst ? nil : position, &next, keys.baseAddress, values.baseAddress,
                            &count, nil)
                    }
                    // ENOENT: that was the rest.
                    guard error == 0 || error == -ENOENT else { return }
                    for index in 0..<Int(count) { unsafe result.append((keys[index], values[index])) }
                    if error != 0 { return }
                    position = next
                    isFirst = false
                }
            }
        }
        return result
    }
}

/// A map in an array, or shared by several owners: noncopyable values cannot stand there by themselves.
public final class SharedBPFMap: Sendable {
    /// The map, which ends with its last owner.
    public let map: BPFMap

    public init(_ map: consuming BPFMap) { self.map = map }
}
