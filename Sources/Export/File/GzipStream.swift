import CZlib
import LinuxSystem
import SystemPackage

/// Compresses one file into another in the gzip format (RFC 1952), 64 KiB at a time.
enum GzipStream {
    enum Outcome: Equatable {
        case finished, cancelled
    }

    private static let piece = 64 << 10

    /// - Parameter isCancelled: asked between pieces.
    static func compress(
        _ input: borrowing OwnedFD, to output: borrowing OwnedFD, isCancelled: () -> Bool
    ) throws(Errno) -> Outcome {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        // 15 + 16: the largest window, with gzip's header and checksum (zlib.h, deflateInit2). Level 6 is zlib's default.
        let version = unsafe zlibVersion()
        guard
            unsafe deflateInit2_(
                stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, version,
                Int32(MemoryLayout<z_stream>.size))
                == Z_OK
        else { throw .noMemory }
        defer { _ = unsafe deflateEnd(stream) }

        var source = [UInt8](repeating: 0, count: piece)
        var target = [UInt8](repeating: 0, count: piece)
        while true {
            if isCancelled() { return .cancelled }
            let count = try input.read(into: &source)
            let flush = count == 0 ? Z_FINISH : Z_NO_FLUSH
            try unsafe source.withUnsafeMutableBufferPointer { bytes throws(Errno) in
                unsafe stream.pointee.next_in = bytes.baseAddress
                unsafe stream.pointee.avail_in = UInt32(count)
                repeat {
                    let produced = unsafe target.withUnsafeMutableBufferPointer { space in
                        unsafe stream.pointee.next_out = space.baseAddress
                        unsafe stream.pointee.avail_out = UInt32(space.count)
                        _ = unsafe deflate(stream, flush)
                        return unsafe space.count - Int(stream.pointee.avail_out)
                    }
                    let compressed = unsafe target.span.bytes.extracting(0..<produced)
                    if let failure = output.writeAll(compressed).failure { throw failure }
                } while unsafe stream.pointee.avail_out == 0
            }
            if count == 0 { return .finished }
        }
    }
}
