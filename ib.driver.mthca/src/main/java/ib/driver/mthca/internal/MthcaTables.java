// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.Db;
import ib.driver.mthca.internal.prm.HcaParams;
import ib.driver.mthca.internal.prm.Mpt;
import ib.driver.mthca.internal.prm.Mtt;
import ib.transport.hca.HcaCommands;
import ib.transport.hca.KeyTable;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;

/**
 * The hardware's tables in context memory, and who has which entry: protection and translation
 * tables, doorbell records. Thread-safe.
 */
final class MthcaTables {
  private static final int FIRST_KEY_INDEX = 2;

  private final Hcr hcr;
  private final Mailboxes mailboxes;
  private final HostBuffers buffers;
  private final IcmTable mpt;
  private final IcmTable mtt;
  private final IcmTable uarc;
  private final int mptEntries;
  private final int mttEntries;
  private final int recordEntries;
  private final KeyTable<Object> keys;
  private final Buddy translations;
  private final IdPool records;

  MthcaTables(
      HcaCommands commands,
      Hcr hcr,
      Mailboxes mailboxes,
      HostBuffers buffers,
      Limits limits,
      RandomGenerator random) {
    this.hcr = hcr;
    this.mailboxes = mailboxes;
    this.buffers = buffers;
    String device = commands.device();
    mptEntries = limits.maxMpt();
    mttEntries = Integer.highestOneBit(limits.maxMtt());
    // A completion queue has two records, a queue pair three, a shared receive queue one.
    recordEntries = 2 * limits.maxCq() + 3 * limits.maxQp() + limits.maxSrq();
    long mttBase = IcmTable.spaceFor(Mpt.BYTES, mptEntries);
    long uarcBase = mttBase + IcmTable.spaceFor(Mtt.BYTES, mttEntries);
    mpt = new IcmTable(commands, hcr, mailboxes, buffers, 0, Mpt.BYTES, mptEntries);
    mtt = new IcmTable(commands, hcr, mailboxes, buffers, mttBase, Mtt.BYTES, mttEntries);
    uarc = new IcmTable(commands, hcr, mailboxes, buffers, uarcBase, Db.BYTES, recordEntries);
    // Index 1 could give the key that marks an unused data segment.
    keys = new KeyTable<>(FIRST_KEY_INDEX, mptEntries - FIRST_KEY_INDEX, random);
    translations = new Buddy("translations of " + device, mttEntries);
    records = new IdPool("doorbell records of " + device, recordEntries);
  }

  HostBuffers buffers() {
    return buffers;
  }

  /** Bytes of context memory. */
  long spaceBytes() {
    return uarc.base() + IcmTable.spaceFor(Db.BYTES, recordEntries);
  }

  /** Maps the beginning of each table. */
  void mapFirst() throws RdmaException {
    mpt.require(0, 1);
    mtt.require(0, 1);
    uarc.require(0, 1);
  }

  /** Writes the input of INIT_HCA. */
  void describe(MemorySegment box) {
    Be.put64(box, HcaParams.MPT_BASE, mpt.base());
    Be.put32(box, HcaParams.MPT_ENTRIES, mptEntries);
    Be.put64(box, HcaParams.MTT_BASE, mtt.base());
    Be.put32(box, HcaParams.MTT_ENTRIES, mttEntries);
    Be.put64(box, HcaParams.UARC_BASE, uarc.base());
    Be.put32(box, HcaParams.UARC_ENTRIES, recordEntries);
  }

  /** Unmaps the tables, the last first. Agent thread. */
  void unmapAll() throws RdmaException {
    uarc.unmapAll();
    mtt.unmapAll();
    mpt.unmapAll();
  }

  // Protection.

  /** Takes a key; its index has memory. */
  int takeKey(Object region) throws RdmaException {
    int key;
    synchronized (keys) {
      key = keys.add(region);
    }
    if (key == 0) {
      throw new RdmaException("all memory regions are in use; close some first");
    }
    try {
      mpt.require(index(key), 1);
    } catch (RdmaException | RuntimeException e) {
      giveKey(key);
      throw e;
    }
    return key;
  }

  int renewKey(int key) {
    synchronized (keys) {
      return keys.renew(key);
    }
  }

  /** Any thread. */
  int nextKey(int key) {
    return keys.next(key);
  }

  void giveKey(int key) {
    synchronized (keys) {
      keys.removeIndex(key);
    }
  }

  static int index(int key) {
    return key >>> 8;
  }

  /** Memory that holds the protection entry of a key. */
  MemorySegment protectionMemory(int key) {
    return mpt.segment(index(key));
  }

  /** Where in {@link #protectionMemory} it is. */
  int protectionOffset(int key) {
    return mpt.offset(index(key));
  }

  // Translation.

  int takeTranslations(int count) throws RdmaException {
    int first = translations.take(count);
    try {
      mtt.require(first, count);
    } catch (RdmaException | RuntimeException e) {
      translations.give(first, count);
      throw e;
    }
    return first;
  }

  void giveTranslations(int first, int count) {
    translations.give(first, count);
  }

  /** Writes translations by command. */
  void writeTranslations(int first, long[] entries) throws RdmaException {
    try (Mailboxes.Box box = mailboxes.take()) {
      for (int done = 0; done < entries.length; ) {
        int count = Math.min(entries.length - done, Mtt.WRITE_MAX);
        Be.put64(box.segment(), Mtt.WRITE_INDEX, first + done);
        for (int i = 0; i < count; i++) {
          Be.put64(box.segment(), Mtt.WRITE_ENTRIES + (long) i * Mtt.BYTES, entries[done + i]);
        }
        hcr.execute(Command.WRITE_MTT, box.address(), count, 0);
        done += count;
      }
    }
  }

  /** Writes one translation where the hardware reads it. */
  void setTranslation(int index, long entry) {
    Be.put64(mtt.segment(index), mtt.offset(index), entry);
  }

  // Doorbell records.

  DbRecord takeRecord() throws RdmaException {
    int index = records.take();
    try {
      uarc.require(index, 1);
    } catch (RdmaException | RuntimeException e) {
      records.give(index);
      throw e;
    }
    return new DbRecord(index, uarc.segment(index), uarc.offset(index));
  }

  void giveRecord(DbRecord record) {
    records.give(record.index());
  }
}
