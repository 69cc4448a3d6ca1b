// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Db;
import java.lang.foreign.MemorySegment;

/** A doorbell record: a counter in host memory, written before the doorbell register. */
final class DbRecord {
  private final int index;
  private final MemorySegment segment;
  private final int offset;

  DbRecord(int index, MemorySegment segment, int offset) {
    this.index = index;
    this.segment = segment;
    this.offset = offset;
  }

  int index() {
    return index;
  }

  /** Says what it belongs to; its counter becomes 0. */
  void assign(int number, int type) {
    Be.put32(segment, offset + Db.COUNTER, 0);
    Be.put32(segment, offset + Db.OWNER, Db.owner(number, type));
  }

  /** Writes the counter after everything written before. */
  void publish(int counter) {
    Be.release32(segment, offset + Db.COUNTER, counter);
  }

  /** Reads the counter, where the hardware writes it. */
  int read() {
    return Be.acquire32(segment, offset + Db.COUNTER);
  }
}
