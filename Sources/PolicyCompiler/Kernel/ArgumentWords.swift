/// Where arguments of functions lie: x86-64 passes up to six words in registers.
extension BTFKernelTypes {
    /// Words that calls pass in registers.
    private static let registers = 6

    /// For each parameter the words that it takes, in their order; nil = it lies on the stack. A structure that is
    /// passed by value takes two words where it has more than eight bytes, and none where it has more than
    /// sixteen: what stands behind it is shifted (System V ABI for x86-64, 3.2.3).
    package func words(of function: KernelFunction) -> [Range<Int>?] {
        var next = 0
        return function.parameters.map { parameter in
            let bytes = bytesByValue(parameter.type)
            guard bytes <= 16 else { return nil }
            let count = bytes > 8 ? 2 : 1
            guard next + count <= Self.registers else { return nil }
            defer { next += count }
            return next..<next + count
        }
    }

    /// Of a structure; 0 for what is none.
    private func bytesByValue(_ type: KernelType) -> UInt32 {
        guard case .structure = type.shape, let (_, record) = bare(type.handle) else { return 0 }
        return record.kind == .structure || record.kind == .union ? record.value : 0
    }
}
