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

/// A map in an array, or shared by several owners: noncopyable values cannot stand there by themselves.
public final class SharedBPFMap: Sendable {
    /// The map, which ends with its last owner.
    public let map: BPFMap

    public init(_ map: consuming BPFMap) { self.map = map }
}
