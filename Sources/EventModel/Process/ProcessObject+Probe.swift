import CEventABI
import WorkloadModel

extension ProcessObject {
    /// Whether its program and arguments are those of a probe that the kubelet runs in its container. False where argv is
    /// not known whole, and where nobody knows the pod's specification.
    public var mayBeExecProbe: Bool {
        guard let probes = image.workload?.workload.execProbes, !probes.isEmpty else { return false }
        let argv = image.longArguments ?? Array(image.tail[image.argumentsRange])
        guard argv.count == Int(image.head.arguments_total) else { return false }
        // As the container sees it.
        var binary = image.binaryRange
        let root = Int(image.head.binary.root)
        if root > 0, root < binary.count { binary = binary.lowerBound + root..<binary.upperBound }
        let tail = image.tail
        let bytes = unsafe tail.span.bytes
        return probes.contains { probe in
            unsafe probe.matches(
                binary: bytes.extracting(binary), filename: bytes.extracting(image.filenameRange),
                argv: argv.span.bytes)
        }
    }
}
