// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import java.util.concurrent.atomic.LongAdder;

/**
 * What happened to a disk's requests: from these it is seen that none was lost and none completed
 * twice. Thread-safe.
 */
final class DiskLedger {
  /** Requests accepted. */
  final LongAdder submitted = new LongAdder();

  /** Requests completed with OK. */
  final LongAdder completed = new LongAdder();

  /** Requests completed with any other status. */
  final LongAdder failed = new LongAdder();

  /** Attempts to complete a request a second time; refused. */
  final LongAdder completedTwice = new LongAdder();

  /** Responses whose tag is of no request that waits for one; dropped. */
  final LongAdder strayResponses = new LongAdder();

  /** Requests sent again. */
  final LongAdder resent = new LongAdder();

  /** Requests whose path broke while they were with the target. */
  final LongAdder broken = new LongAdder();

  /** Successful logins. */
  final LongAdder logins = new LongAdder();

  /** Failed logins. */
  final LongAdder loginFailures = new LongAdder();

  /** Single logins that fenced commands of a broken channel. */
  final LongAdder fences = new LongAdder();

  /** Data mappings that failed and were tried again. */
  final LongAdder mappingFailures = new LongAdder();

  /** Commands aborted because they took too long. */
  final LongAdder aborts = new LongAdder();

  /** Completions of callers that threw. */
  final LongAdder callbackFailures = new LongAdder();
}
