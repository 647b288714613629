public import Resources

extension Adapter {
  /// Runs until this task is cancelled, and hands over every report, those of the stop too.
  public func run(reporting report: @escaping @Sendable (WorkReport) async -> Void) async {
    // Not a child: one that is cancelled as well would read no more, and how each attempt ended would be lost. It
    // ends by itself, since `events` does when `run` has returned.
    let reader = Task { for await event in events { await report(event) } }
    await run()
    await reader.value
  }
}
