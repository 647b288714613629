import NIOCore
import NIOPosix

/// The thread that links, datagrams and the engine's timers share: what a link brings is dealt with, and answered,
/// without a change of threads. Tasks run in the order in which they come, whatever their priority, so nothing that waits
/// or computes for long belongs here.
public final class NetworkLoop: TaskExecutor {
  let eventLoop: any EventLoop

  public init() { eventLoop = NIOSingletons.posixEventLoopGroup.next() }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// What is to happen later, and may be called off.
  public struct Appointment: Sendable {
    fileprivate let scheduled: Scheduled<Void>

    public func cancel() { scheduled.cancel() }
  }

  /// Calls `body` on the loop's thread once the time is over.
  public func schedule(after duration: Duration, _ body: @escaping @Sendable () -> Void) -> Appointment {
    Appointment(scheduled: eventLoop.scheduleTask(in: TimeAmount(duration), body))
  }
}
