// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import ib.block.CommandLedger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The target's book of logins and tags. Entries are written on the target's worker and read
 * anywhere.
 */
final class Ledger implements CommandLedger {
  private static final int KEPT_LOGINS = 256;

  private final String targetName;
  private final Deque<Entry> entries = new ArrayDeque<>();
  private long lastLogin;
  private Login folded = new Login(0, "", "", false, 0, 0, 0, 0);

  Ledger(String targetName) {
    this.targetName = targetName;
  }

  @Override
  public String targetName() {
    return targetName;
  }

  @Override
  public synchronized List<Login> logins() {
    List<Login> all = new ArrayList<>(entries.size() + 1);
    if (folded.received() > 0) {
      all.add(folded);
    }
    for (Entry entry : entries) {
      all.add(entry.snapshot());
    }
    return all;
  }

  synchronized Entry open(String initiatorPortId, String device) {
    if (entries.size() == KEPT_LOGINS) {
      fold();
    }
    Entry entry = new Entry(++lastLogin, initiatorPortId, device);
    entries.add(entry);
    return entry;
  }

  /**
   * Adds the oldest closed login to the sum; the bound holds unless all stand open, and then open
   * logins are bounded elsewhere.
   */
  private void fold() {
    for (Entry entry : entries) {
      Login old = entry.snapshot();
      if (!old.open()) {
        folded =
            new Login(
                0,
                "",
                "",
                false,
                folded.received() + old.received(),
                folded.answered() + old.answered(),
                folded.executedTwice() + old.executedTwice(),
                folded.failed() + old.failed());
        entries.remove(entry);
        return;
      }
    }
  }

  /** One login. */
  static final class Entry {
    /** Tags remembered after their answer, to notice one that is executed again. */
    private static final int REMEMBERED_TAGS = 4096;

    private final long login;
    private final String initiatorPortId;
    private final String device;
    private final AtomicLong received = new AtomicLong();
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong executedTwice = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private @Nullable RecentTags seen = new RecentTags(REMEMBERED_TAGS);
    private volatile boolean open = true;

    private Entry(long login, String initiatorPortId, String device) {
      this.login = login;
      this.initiatorPortId = initiatorPortId;
      this.device = device;
    }

    void received(long tag) {
      received.incrementAndGet();
      RecentTags tags = seen;
      if (tags != null && !tags.add(tag)) {
        executedTwice.incrementAndGet();
      }
    }

    void answered(boolean good) {
      answered.incrementAndGet();
      if (!good) {
        failed.incrementAndGet();
      }
    }

    void close() {
      open = false;
      seen = null;
    }

    private Login snapshot() {
      return new Login(
          login,
          initiatorPortId,
          device,
          open,
          received.get(),
          answered.get(),
          executedTwice.get(),
          failed.get());
    }
  }
}
