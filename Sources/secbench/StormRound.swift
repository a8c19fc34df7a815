import CBenchShims
import Foundation

/// One round of a storm on one core: without a daemon, twice with one, and without again.
///
/// In this order a machine that becomes slower or faster meanwhile does so for both halves. One core, because
/// waking another takes longer the deeper it sleeps, and a daemon keeps it awake: the same threads took 20 to
/// 67 µs each by that alone, and 16 to 20 on one core. The daemon may run where it likes, and others may take
/// the core away for a while: a storm that never waits is best measured by its CPU time.
struct StormRound<Sample> {
    let bare: [Sample]
    let watched: [Sample]

    /// - Parameter read: Gets the lines that the daemon wrote.
    init(_ storm: () throws -> Sample, read: ([Data]) -> Void) throws {
        let before = try Self.onOneCore(storm)
        let daemon = try DaemonProcess()
        daemon.settle()
        var watched: [Sample] = []
        for _ in 0..<2 {
            watched.append(try Self.onOneCore(storm))
            daemon.settle()
        }
        self.watched = watched
        read(try daemon.stop())
        usleep(200_000)  // the kernel takes programs and maps down after the daemon's end
        bare = [before, try Self.onOneCore(storm)]
    }

    /// A number of the samples with the daemon, as a multiple of what it is without.
    func ratio(_ number: (Sample) -> Double) -> Double {
        Self.mean(watched, number) / Self.mean(bare, number)
    }

    static func mean(_ samples: [Sample], _ number: (Sample) -> Double) -> Double {
        samples.reduce(0) { $0 + number($1) } / Double(samples.count)
    }

    /// A storm that counts for nothing: what is done for the first time takes longer.
    static func warmUp(_ storm: () throws -> Sample) throws {
        _ = try onOneCore(storm)
    }

    private static func onOneCore(_ storm: () throws -> Sample) throws -> Sample {
        guard secd_bench_pin() == 0 else {
            throw BenchmarkError("this program cannot be kept on one core: errno \(errno)")
        }
        defer { secd_bench_unpin() }
        return try storm()
    }
}
