// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.DelegatingDmaOps;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.dma.ScatterList;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** Operations with one defect each. */
final class BrokenOps {
  private static final long ERROR = -1;
  private static final long BEYOND_MASK = 1L << 40;
  private static final Thread OTHER = Thread.ofPlatform().unstarted(() -> {});

  private BrokenOps() {}

  static IbDmaOps takesNoneInListSync(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void syncSgForDevice(IbDevice d, ScatterList list, int n, DmaDirection direction) {
        if (direction != DmaDirection.NONE) {
          super.syncSgForDevice(d, list, n, direction);
        }
      }
    };
  }

  static IbDmaOps forgetsOffsetOfSync(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void syncSingleRangeForCpu(
          IbDevice d, long address, long offset, long length, DmaDirection direction) {
        super.syncSingleRangeForCpu(d, address, 0, length, direction);
      }
    };
  }

  static IbDmaOps forgetsListSync(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void syncSgForCpu(IbDevice d, ScatterList list, int n, DmaDirection direction) {
        if (direction == DmaDirection.NONE) {
          super.syncSgForCpu(d, list, n, direction);
        }
      }
    };
  }

  static IbDmaOps tellsLengthBeforeMerge(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long dmaLen(IbDevice d, ScatterList list, int index) {
        return list.length(index);
      }
    };
  }

  static IbDmaOps leavesFailedListPinned(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public int mapSg(
          IbDevice d, ScatterList list, int n, DmaDirection direction, int attributes) {
        int mapped = super.mapSg(d, list, n, direction, attributes);
        if (mapped == 0 && n > 1) {
          list.memory(0).tryPin();
        }
        return mapped;
      }
    };
  }

  static IbDmaOps leavesLongListPinned(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapSg(
          IbDevice d, ScatterList list, int n, DmaDirection direction, int attributes) {
        if (n == 4) {
          list.memory(3).tryPin();
        }
        super.unmapSg(d, list, n, direction, attributes);
      }
    };
  }

  static IbDmaOps mapsListTwice(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public int mapSg(
          IbDevice d, ScatterList list, int n, DmaDirection direction, int attributes) {
        list.setMappedEntries(0);
        return super.mapSg(d, list, n, direction, attributes);
      }
    };
  }

  static IbDmaOps leavesMaskWithPages(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapPage(
          IbDevice d,
          DmaMemory m,
          long page,
          int at,
          int length,
          DmaDirection dir,
          int attributes) {
        long address = super.mapPage(d, m, page, at, length, dir, attributes);
        return mappingError(d, address) ? address : address | BEYOND_MASK;
      }

      @Override
      public void unmapPage(
          IbDevice d, long address, int length, DmaDirection direction, int attributes) {
        super.unmapPage(d, address & ~BEYOND_MASK, length, direction, attributes);
      }
    };
  }

  /** Gives out coherent memory that is part of a larger one. */
  private abstract static class OtherCoherent extends DelegatingDmaOps {
    private final Map<Long, DmaCoherent> originals = new ConcurrentHashMap<>();

    OtherCoherent(IbDmaOps ops) {
      super(ops);
    }

    abstract DmaCoherent change(DmaCoherent original, long sizeBytes);

    @Override
    public @Nullable DmaCoherent allocCoherent(IbDevice d, long sizeBytes) {
      DmaCoherent original = super.allocCoherent(d, sizeBytes + DmaMemoryPool.PAGE_SIZE);
      if (original == null) {
        return null;
      }
      DmaCoherent changed = change(original, sizeBytes);
      originals.put(changed.dmaAddress(), original);
      return changed;
    }

    @Override
    public void freeCoherent(IbDevice d, DmaCoherent coherent) {
      super.freeCoherent(d, Objects.requireNonNull(originals.remove(coherent.dmaAddress())));
    }

    @Override
    public DmaUsage usage(IbDevice d) {
      DmaUsage usage = super.usage(d);
      long more = usage.coherent() * DmaMemoryPool.PAGE_SIZE;
      return new DmaUsage(
          usage.mappings(), usage.sgEntries(), usage.coherent(), usage.bytes() - more);
    }
  }

  static IbDmaOps misalignsCoherent(IbDmaOps ops) {
    return new OtherCoherent(ops) {
      @Override
      DmaCoherent change(DmaCoherent original, long sizeBytes) {
        long skip = DmaMemoryPool.PAGE_SIZE;
        return new DmaCoherent(
            DmaMemory.ofPool(original.memory().segment().asSlice(skip, sizeBytes), () -> {}),
            original.dmaAddress() + skip,
            sizeBytes);
      }
    };
  }

  static IbDmaOps givesDirtyCoherent(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public @Nullable DmaCoherent allocCoherent(IbDevice d, long sizeBytes) {
        DmaCoherent coherent = super.allocCoherent(d, sizeBytes);
        if (coherent != null) {
          coherent.memory().segment().fill((byte) 1);
        }
        return coherent;
      }
    };
  }

  static IbDmaOps givesCopyOfCoherent(IbDmaOps ops, DmaMemoryPool pool) {
    return new OtherCoherent(ops) {
      @Override
      DmaCoherent change(DmaCoherent original, long sizeBytes) {
        return new DmaCoherent(pool.allocate(sizeBytes), original.dmaAddress(), sizeBytes);
      }
    };
  }

  static IbDmaOps waitsForRoom(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        long address = super.mapSingle(d, m, offset, length, dir, attributes);
        while (mappingError(d, address) && length > 1 << 20 && sleep()) {
          address = super.mapSingle(d, m, offset, length, dir, attributes);
        }
        return address;
      }
    };
  }

  private static boolean sleep() {
    try {
      Thread.sleep(5);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Maps pool memory instead of what can't be mapped. */
  private static IbDmaOps accepts(
      IbDmaOps ops, DmaMemoryPool pool, BiPredicate<DmaMemory, DmaDirection> what) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        boolean other = !m.isPooled() && what.test(m, dir);
        DmaMemory mapped = other ? pool.allocate(m.size()) : m;
        return super.mapSingle(d, mapped, offset, length, dir, attributes);
      }
    };
  }

  static IbDmaOps acceptsHeap(IbDmaOps ops, DmaMemoryPool pool) {
    return accepts(ops, pool, (m, dir) -> !m.segment().isNative());
  }

  static IbDmaOps acceptsConfined(IbDmaOps ops, DmaMemoryPool pool) {
    return accepts(
        ops, pool, (m, dir) -> m.segment().isNative() && !m.segment().isAccessibleBy(OTHER));
  }

  static IbDmaOps acceptsReadOnly(IbDmaOps ops, DmaMemoryPool pool) {
    return accepts(ops, pool, (m, dir) -> m.segment().isReadOnly() && dir.deviceMayWrite());
  }

  static IbDmaOps refusesGlobal(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        boolean global =
            m.segment().scope().equals(java.lang.foreign.Arena.global().scope()) && !m.isPooled();
        return global ? ERROR : super.mapSingle(d, m, offset, length, dir, attributes);
      }
    };
  }

  static IbDmaOps writesBehindMapping(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      private final Map<Long, DmaMemory> mapped = new ConcurrentHashMap<>();

      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        long address = super.mapSingle(d, m, offset, length, dir, attributes);
        if (offset == 100 && length == 200) {
          mapped.put(address, m);
        }
        return address;
      }

      @Override
      public void unmapSingle(
          IbDevice d, long address, long length, DmaDirection dir, int attributes) {
        super.unmapSingle(d, address, length, dir, attributes);
        DmaMemory memory = dir == DmaDirection.FROM_DEVICE ? mapped.remove(address) : null;
        if (memory != null) {
          memory.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, 300, (byte) 0);
        }
      }
    };
  }

  static IbDmaOps failsAboveMaximum(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        return length > maxMappingSize(d) && maxMappingSize(d) > 0
            ? ERROR
            : super.mapSingle(d, m, offset, length, dir, attributes);
      }
    };
  }

  /** Joins what meets, up to a length and within a boundary. */
  static IbDmaOps merges(IbDmaOps ops, long mostBytes, long boundary) {
    return new DelegatingDmaOps(ops) {
      @Override
      public int mapSg(
          IbDevice d, ScatterList list, int n, DmaDirection direction, int attributes) {
        int mapped = super.mapSg(d, list, n, direction, attributes);
        int last = 0;
        for (int i = 1; i < mapped; i++) {
          long start = list.rawDmaAddress(last);
          long sum = list.rawDmaLength(last) + list.rawDmaLength(i);
          boolean meet = start + list.rawDmaLength(last) == list.rawDmaAddress(i);
          boolean within = start / boundary == (start + sum - 1) / boundary;
          if (meet && within && sum <= mostBytes) {
            list.setMapped(last, start, sum);
          } else {
            last++;
            list.setMapped(last, list.rawDmaAddress(i), list.rawDmaLength(i));
          }
        }
        if (mapped > 0) {
          list.setMappedEntries(last + 1);
          return last + 1;
        }
        return 0;
      }
    };
  }

  static IbDmaOps forgetsSkip(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapSingle(
          IbDevice d, long address, long length, DmaDirection direction, int attributes) {
        super.unmapSingle(d, address, length, direction, attributes & ~DmaAttributes.SKIP_CPU_SYNC);
      }
    };
  }

  static IbDmaOps keepsPageMapped(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapPage(
          IbDevice d, long address, int length, DmaDirection dir, int attributes) {
        if (length != 64) {
          super.unmapPage(d, address, length, dir, attributes);
        }
      }
    };
  }

  static IbDmaOps checksFirstByteOnly(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaBus bus(IbDevice d) {
        DmaBus bus = super.bus(d);
        return (address, length, access, window) -> bus.resolve(address, 1, access, window);
      }
    };
  }

  static IbDmaOps ignoresDirection(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaBus bus(IbDevice d) {
        DmaBus bus = super.bus(d);
        return (address, length, access, window) -> {
          DmaFault fault = bus.resolve(address, length, access, window);
          DmaAccess other = access == DmaAccess.READ ? DmaAccess.WRITE : DmaAccess.READ;
          return fault == DmaFault.WRONG_DIRECTION
              ? bus.resolve(address, length, other, window)
              : fault;
        };
      }
    };
  }

  static IbDmaOps toleratesSecondUnmap(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapSingle(
          IbDevice d, long address, long length, DmaDirection direction, int attributes) {
        try {
          super.unmapSingle(d, address, length, direction, attributes);
        } catch (IllegalArgumentException e) {
          if (direction == DmaDirection.NONE) {
            throw e;
          }
        }
      }
    };
  }

  static IbDmaOps forgetsListsInBooks(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaUsage usage(IbDevice d) {
        DmaUsage usage = super.usage(d);
        return new DmaUsage(usage.mappings(), 0, usage.coherent(), usage.bytes());
      }
    };
  }
}
