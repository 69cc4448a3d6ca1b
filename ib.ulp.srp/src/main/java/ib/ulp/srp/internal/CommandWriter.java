// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockOperation;
import ib.block.BlockRequest;
import ib.dma.DmaDirection;
import ib.dma.IbDma;
import ib.srp.SrpBufferFormat;
import ib.srp.SrpCmd;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.srp.SrpLun;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Writes SRP_CMD units with their descriptors into the rings of a channel. */
final class CommandWriter {
  private final ChannelResources resources;
  private final IbDma dma;
  private final MemorySegment ius;
  private final long lun;
  private final boolean alwaysIndirect;
  private final int inlineEntries;
  private final int maxEntries;

  /**
   * Creates a writer.
   *
   * @param maxIuBytes longest IU that the target takes
   */
  CommandWriter(ChannelResources resources, SrpConfig config, long maxIuBytes) {
    this.resources = resources;
    dma = resources.device.dma();
    ius = resources.sends.segment();
    lun = SrpLun.encode(config.lun());
    alwaysIndirect = config.alwaysIndirect();
    long room = (maxIuBytes - ChannelResources.sendBytes(0)) / SrpDirectBuf.LENGTH;
    inlineEntries = (int) Math.min(config.sgEntries(), room);
    maxEntries = config.allowExtSg() ? SrpConfig.MAX_EXTERNAL_ENTRIES : inlineEntries;
  }

  /** Most mapped entries of one command. */
  int maxEntries() {
    return maxEntries;
  }

  /**
   * Writes a block command into a piece of the send ring, and its table into memory if it needs
   * one.
   *
   * @param mapped entries of the slot's data as mapped; 0 if there is none
   * @return length of the unit in bytes
   */
  int write(int piece, RequestSlot slot, BlockRequest request, long tag, int mapped) {
    long at = resources.sends.offset(piece);
    begin(at, tag);
    Cdb.writeBlockCommand(
        ius, at + SrpCmd.CDB_OFFSET, request.operation(), request.lba(), request.blocks());
    if (request.operation() == BlockOperation.DISCARD) {
      return writeUnmap(at, slot, request);
    }
    if (mapped == 0) {
      return SrpCmd.LENGTH;
    }
    boolean out = slot.direction == DmaDirection.TO_DEVICE;
    if (mapped == 1 && !alwaysIndirect) {
      setFormat(at, out, SrpBufferFormat.DIRECT, 0);
      SrpDirectBuf.write(
          ius,
          at + SrpCmd.LENGTH,
          dma.dmaAddress(slot.data, 0),
          resources.mr.rkey(),
          dma.dmaLen(slot.data, 0));
      return SrpCmd.LENGTH + SrpDirectBuf.LENGTH;
    }
    return writeIndirect(piece, at, slot, out, mapped);
  }

  /** Writes a command of discovery; data comes to the admin ring. */
  int writeAdmin(int piece, AdminCommand command) {
    long at = resources.sends.offset(piece);
    begin(at, command.tag);
    MemorySegment.copy(
        command.cdb, 0, ius, ValueLayout.JAVA_BYTE, at + SrpCmd.CDB_OFFSET, command.cdb.length);
    if (command.dataIn.length == 0) {
      return SrpCmd.LENGTH;
    }
    setFormat(at, false, SrpBufferFormat.DIRECT, 0);
    SrpDirectBuf.write(
        ius,
        at + SrpCmd.LENGTH,
        resources.admin.dmaAddress(0),
        resources.mr.rkey(),
        command.dataIn.length);
    return SrpCmd.LENGTH + SrpDirectBuf.LENGTH;
  }

  private void begin(long at, long tag) {
    SrpCmd.init(ius, at, tag);
    SrpCmd.lun(ius, at, lun);
    SrpCmd.taskAttribute(ius, at, SrpCmd.SIMPLE);
  }

  private void setFormat(long at, boolean out, int format, int count) {
    SrpCmd.formats(
        ius, at, out ? format : SrpBufferFormat.NONE, out ? SrpBufferFormat.NONE : format);
    if (out) {
      SrpCmd.outCount(ius, at, count);
    } else {
      SrpCmd.inCount(ius, at, count);
    }
  }

  private int writeUnmap(long at, RequestSlot slot, BlockRequest request) {
    MappedRing tables = resources.tables;
    tables.beforeCpu(slot.index, Cdb.UNMAP_LIST_BYTES);
    Cdb.writeUnmapList(
        tables.segment(), tables.offset(slot.index), request.lba(), request.blocks());
    tables.beforeDevice(slot.index, Cdb.UNMAP_LIST_BYTES);
    setFormat(at, true, SrpBufferFormat.DIRECT, 0);
    SrpDirectBuf.write(
        ius,
        at + SrpCmd.LENGTH,
        tables.dmaAddress(slot.index),
        resources.mr.rkey(),
        Cdb.UNMAP_LIST_BYTES);
    return SrpCmd.LENGTH + SrpDirectBuf.LENGTH;
  }

  /**
   * The first entries go into the unit. If that is all of them, the table descriptor names their
   * place in the unit, which is mapped memory like any other; else the whole table is written to
   * the slot's memory.
   */
  private int writeIndirect(int piece, long at, RequestSlot slot, boolean out, int mapped) {
    int inline = Math.min(mapped, inlineEntries);
    setFormat(at, out, SrpBufferFormat.INDIRECT, inline);
    long descriptor = at + SrpCmd.LENGTH;
    long total = writeEntries(ius, SrpIndirectBuf.entry(descriptor, 0), slot, inline);
    long table = resources.sends.dmaAddress(piece) + SrpCmd.LENGTH + SrpIndirectBuf.LENGTH;
    int tableBytes = mapped * SrpDirectBuf.LENGTH;
    if (inline < mapped) {
      MappedRing tables = resources.tables;
      tables.beforeCpu(slot.index, tableBytes);
      total = writeEntries(tables.segment(), tables.offset(slot.index), slot, mapped);
      tables.beforeDevice(slot.index, tableBytes);
      table = tables.dmaAddress(slot.index);
    }
    SrpDirectBuf.write(
        ius, SrpIndirectBuf.table(descriptor), table, resources.mr.rkey(), tableBytes);
    SrpIndirectBuf.totalLength(ius, descriptor, total);
    return ChannelResources.sendBytes(inline);
  }

  private long writeEntries(MemorySegment to, long at, RequestSlot slot, int count) {
    long total = 0;
    for (int i = 0; i < count; i++) {
      long length = dma.dmaLen(slot.data, i);
      SrpDirectBuf.write(
          to,
          at + (long) i * SrpDirectBuf.LENGTH,
          dma.dmaAddress(slot.data, i),
          resources.mr.rkey(),
          length);
      total += length;
    }
    return total;
  }
}
