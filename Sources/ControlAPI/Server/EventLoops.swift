import NIOPosix

/// The threads of all servers of the process: one, since requests are rare and events are encoded
/// before they arrive here. It lives as long as the process.
enum EventLoops {
    static let shared = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
