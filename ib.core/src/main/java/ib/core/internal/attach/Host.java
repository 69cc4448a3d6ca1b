// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What everything in this package shares.
 *
 * @param deadlines how long to wait
 * @param reporter the log
 * @param history detaches
 * @param publisher where promoted devices are offered
 * @param executor threads of core
 * @param attachments counts attachments
 * @param generations counts promotions
 */
record Host(
    Deadlines deadlines,
    Reporter reporter,
    DetachHistory history,
    Publisher publisher,
    Executor executor,
    AtomicLong attachments,
    AtomicLong generations) {

  Host(Deadlines deadlines, Reporter reporter, Publisher publisher, Executor executor) {
    this(
        deadlines,
        reporter,
        new DetachHistory(),
        publisher,
        executor,
        new AtomicLong(),
        new AtomicLong());
  }
}
