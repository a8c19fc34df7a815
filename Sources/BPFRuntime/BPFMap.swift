import CLibbpf
import Glibc
import SystemPackage

/// A map in the kernel, by an owned descriptor.
public struct BPFMap: ~Copyable, Sendable {
    /// As in the object; the kernel itself keeps 15 characters of it.
    public let name: String
    /// Closed when the value ends.
    public let descriptor: Int32
    /// Bytes.
    public let keySize: Int
    /// Bytes; of one CPU's value for a per-CPU map.
    public let valueSize: Int
    /// Entries the map has room for; of a ring, its bytes.
    public let maxEntries: Int

    init(duplicating descriptor: Int32, name: String, keySize: Int, valueSize: Int, maxEntries: Int)
        throws(BPFError)
    {
        // A program that the process starts must not keep the map.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else {
            throw BPFError(operation: "duplicate", object: name, errno: Errno(rawValue: currentErrno()))
        }
        self.descriptor = copy
        self.name = name
        self.keySize = keySize
        self.valueSize = valueSize
        self.maxEntries = maxEntries
    }

    /// Takes over a descriptor.
    init(adopting descriptor: Int32, name: String, keySize: Int, valueSize: Int, maxEntries: Int) {
        self.descriptor = descriptor
        self.name = name
        self.keySize = keySize
        self.valueSize = valueSize
        self.maxEntries = maxEntries
    }

    deinit {
        close(descriptor)
    }

    /// The same map with a descriptor of its own.
    public func duplicate() throws(BPFError) -> BPFMap {
        try BPFMap(
            duplicating: descriptor, name: name, keySize: keySize, valueSize: valueSize,
            maxEntries: maxEntries)
    }

    /// The value of a key, or nil.
    public func lookup<Value: BitwiseCopyable>(_ key: UInt32, as: Value.Type = Value.self) -> Value? {
        precondition(MemoryLayout<UInt32>.size == keySize && MemoryLayout<Value>.size == valueSize)
        var key = key
        return unsafe withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
            guard let value = buffer.baseAddress else { return nil }
            return unsafe bpf_map_lookup_elem(descriptor, &key, value) == 0 ? value.pointee : nil
        }
    }

    /// Whether a key has a value.
    public func contains<Key: BitwiseCopyable>(_ key: Key) -> Bool {
        precondition(MemoryLayout<Key>.size == keySize)
        var key = key
        return unsafe withUnsafeTemporaryAllocation(byteCount: valueSize, alignment: 8) { buffer in
            unsafe bpf_map_lookup_elem(descriptor, &key, buffer.baseAddress) == 0
        }
    }

    /// The values of a key of a per-CPU map, one per possible CPU.
    public func lookupPerCPU<Value: BitwiseCopyable>(_ key: UInt32, as: Value.Type = Value.self) -> [Value] {
        precondition(MemoryLayout<UInt32>.size == keySize && MemoryLayout<Value>.size == valueSize)
        let cpus = Int(libbpf_num_possible_cpus())
        guard cpus > 0 else { return [] }
        var key = key
        // The kernel rounds each CPU's value up to eight bytes.
        let stride = (valueSize + 7) & ~7
        return unsafe withUnsafeTemporaryAllocation(byteCount: stride * cpus, alignment: 8) { buffer in
            guard let start = buffer.baseAddress, unsafe bpf_map_lookup_elem(descriptor, &key, start) == 0
            else {
                return []
            }
            return (0..<cpus).map { unsafe start.loadUnaligned(fromByteOffset: $0 * stride, as: Value.self) }
        }
    }

    /// Sets the value of a key.
    public func update<Key: BitwiseCopyable, Value: BitwiseCopyable>(_ key: Key, _ value: Value)
        throws(BPFError)
    {
        precondition(MemoryLayout<Key>.size == keySize && MemoryLayout<Value>.size == valueSize)
        var key = key
        var value = value
        let result = unsafe bpf_map_update_elem(descriptor, &key, &value, 0)
        guard result == 0 else {
            throw BPFError(operation: "update", object: name, errno: Errno(rawValue: -result))
        }
    }

    /// Memory that the kernel charges for the map (`memlock` in fdinfo), bytes.
    public var kernelBytes: UInt64 {
        KernelMemory.bytes(ofDescriptor: descriptor)
    }
}

/// What the kernel says a BPF descriptor costs.
public enum KernelMemory {
    /// `memlock` of /proc/self/fdinfo, bytes; 0 where it is not given.
    public static func bytes(ofDescriptor descriptor: Int32) -> UInt64 {
        guard let file = unsafe fopen("/proc/self/fdinfo/\(descriptor)", "re") else { return 0 }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix("memlock:") else { continue }
            return UInt64(text.dropFirst(8).filter(\.isNumber)) ?? 0
        }
        return 0
    }
}
