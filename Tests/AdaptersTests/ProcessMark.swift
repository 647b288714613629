import FoundationEssentials

/// Finds the processes of one test among all of the machine's: a `sleep` of a length that nobody else asks for.
struct ProcessMark {
  let seconds = "\(Int.random(in: 100_000...999_999)).\(Int.random(in: 100_000...999_999))"

  /// Asks again until the count is as wanted, for half a minute at most: what then follows fails. The kernel tells
  /// nobody when a process that is not our child begins or ends.
  func until(_ wanted: (Int) -> Bool) async {
    let deadline = ContinuousClock.now + .seconds(30)
    while !wanted(count), ContinuousClock.now < deadline {
      do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
    }
  }

  /// How many live whose command line holds the mark as a word of its own.
  var count: Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { name in
      guard Int(name) != nil, let bytes = try? Data(contentsOf: URL(filePath: "/proc/\(name)/cmdline")) else {
        return false
      }
      return bytes.split(separator: 0).contains { $0.elementsEqual(seconds.utf8) }
    }.count
  }
}
