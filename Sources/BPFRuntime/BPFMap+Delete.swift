import CLibbpf
import SystemPackage

extension BPFMap {
    /// Removes a key.
    /// - Throws: `BPFError` where the map does not have it (ENOENT), or is none that keys go from.
    public func delete<Key: BitwiseCopyable>(_ key: Key) throws(BPFError) {
        precondition(MemoryLayout<Key>.size == keySize)
        var key = key
        let result = unsafe bpf_map_delete_elem(descriptor, &key)
        guard result == 0 else {
            throw BPFError(operation: "remove from", object: name, errno: Errno(rawValue: -result))
        }
    }
}
