// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.BusWindow;
import ib.dma.DelegatingDmaOps;
import ib.dma.DmaAccess;
import ib.dma.DmaAttributes;
import ib.dma.DmaBus;
import ib.dma.DmaCoherent;
import ib.dma.DmaDirection;
import ib.dma.DmaFault;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Operations with one defect each: of attachment, of books, of pools and of two-step mappings. */
final class BrokenLife {
  private static final long ERROR = -1;

  private BrokenLife() {}

  // ---- the contract of the ops

  static IbDmaOps forgetsToCopyPagesBack(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapPage(
          IbDevice d, long address, int length, DmaDirection dir, int attributes) {
        super.unmapPage(d, address, length, dir, attributes | DmaAttributes.SKIP_CPU_SYNC);
      }
    };
  }

  static IbDmaOps keepsCoherentInReach(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      private final Set<Long> freed = ConcurrentHashMap.newKeySet();

      @Override
      public void freeCoherent(IbDevice d, DmaCoherent coherent) {
        super.freeCoherent(d, coherent);
        freed.add(coherent.dmaAddress());
      }

      @Override
      public DmaUsage detach(IbDevice d) {
        freed.clear();
        return super.detach(d);
      }

      @Override
      public DmaBus bus(IbDevice d) {
        DmaBus bus = super.bus(d);
        return (address, length, access, window) -> {
          DmaFault fault = bus.resolve(address, length, access, window);
          boolean kept = fault == DmaFault.NOT_MAPPED && freed.contains(address);
          return kept ? DmaFault.NONE : fault;
        };
      }
    };
  }

  static IbDmaOps sharesAddresses(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      private final Map<IbDevice, DmaBus> all = new ConcurrentHashMap<>();

      @Override
      public DmaUsage detach(IbDevice d) {
        all.remove(d);
        return super.detach(d);
      }

      @Override
      public DmaBus bus(IbDevice d) {
        DmaBus own = super.bus(d);
        all.put(d, own);
        return (address, length, access, window) -> any(own, address, length, access, window);
      }

      private DmaFault any(
          DmaBus own, long address, long length, DmaAccess access, BusWindow window) {
        DmaFault fault = own.resolve(address, length, access, window);
        boolean other =
            fault == DmaFault.NOT_MAPPED
                && all.values().stream()
                    .anyMatch(bus -> bus.resolve(address, length, access, window) == DmaFault.NONE);
        return other ? DmaFault.NONE : fault;
      }
    };
  }

  static IbDmaOps takesUnknownAttributes(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        return super.mapSingle(d, m, offset, length, dir, attributes & DmaAttributes.SUPPORTED);
      }
    };
  }

  static IbDmaOps errorLeadsSomewhere(IbDmaOps ops, DmaMemoryPool pool) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaBus bus(IbDevice d) {
        DmaBus bus = super.bus(d);
        return (address, length, access, window) -> {
          if (address != ERROR) {
            return bus.resolve(address, length, access, window);
          }
          DmaMemory page = pool.allocate(DmaMemoryPool.PAGE_SIZE);
          window.set(page.segment(), 0, 1);
          page.close();
          return DmaFault.NONE;
        };
      }
    };
  }

  static IbDmaOps mapsWhatIsBeingClosed(IbDmaOps ops, DmaMemoryPool pool) {
    return new DelegatingDmaOps(ops) {
      @Override
      public long mapSingle(
          IbDevice d, DmaMemory m, long offset, long length, DmaDirection dir, int attributes) {
        boolean closing = m.isClosed() && m.pinCount() > 0;
        DmaMemory mapped = closing ? pool.allocate(m.size()) : m;
        return super.mapSingle(d, mapped, offset, length, dir, attributes);
      }
    };
  }

  static IbDmaOps attachesTwice(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void attach(IbDevice d) {
        if (d.opsData() == null) {
          super.attach(d);
        }
      }
    };
  }

  static IbDmaOps forgetsCoherentInBooks(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaUsage usage(IbDevice d) {
        DmaUsage usage = super.usage(d);
        return new DmaUsage(usage.mappings(), usage.sgEntries(), 0, usage.bytes());
      }
    };
  }

  static IbDmaOps refusesAfterDetach(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapSingle(IbDevice d, long address, long length, DmaDirection dir, int bits) {
        if (d.opsData() == null) {
          throw new IllegalArgumentException(d + " is detached");
        }
        super.unmapSingle(d, address, length, dir, bits);
      }
    };
  }

  static IbDmaOps saysTooLittle(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void unmapSingle(IbDevice d, long address, long length, DmaDirection dir, int bits) {
        try {
          super.unmapSingle(d, address, length, dir, bits);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException("wrong", e);
        }
      }
    };
  }

  /** One map in many that is undone is not struck from the books. */
  static IbDmaOps losesCount(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      private int pages;

      @Override
      public long mapPage(
          IbDevice d, DmaMemory m, long page, int at, int length, DmaDirection dir, int bits) {
        pages++;
        return super.mapPage(d, m, page, at, length, dir, bits);
      }

      @Override
      public DmaUsage detach(IbDevice d) {
        pages = 0;
        return super.detach(d);
      }

      @Override
      public DmaUsage usage(IbDevice d) {
        DmaUsage usage = super.usage(d);
        long more = usage.mappings() + pages / 8;
        return new DmaUsage(more, usage.sgEntries(), usage.coherent(), usage.bytes());
      }
    };
  }

  /** Right as long as one thread syncs. */
  static IbDmaOps servesOneThread(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      private @Nullable Thread first;

      @Override
      public void attach(IbDevice d) {
        first = null;
        super.attach(d);
      }

      @Override
      public void syncSingleRangeForDevice(
          IbDevice d, long address, long offset, long length, DmaDirection dir) {
        if (isFirst()) {
          super.syncSingleRangeForDevice(d, address, offset, length, dir);
        }
      }

      private synchronized boolean isFirst() {
        Thread now = Thread.currentThread();
        if (first == null) {
          first = now;
        }
        return now.equals(first);
      }
    };
  }

  // ---- pools

  /** The second allocation of a page is the first one again, as long as that lives. */
  static IbDmaOps givesCoherentTwice(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      private @Nullable DmaCoherent given;
      private int times;

      @Override
      public @Nullable DmaCoherent allocCoherent(IbDevice d, long sizeBytes) {
        DmaCoherent before = given;
        if (before != null && sizeBytes == before.sizeBytes()) {
          times++;
          return before;
        }
        DmaCoherent coherent = super.allocCoherent(d, sizeBytes);
        if (sizeBytes == DmaMemoryPool.PAGE_SIZE) {
          given = coherent;
        }
        return coherent;
      }

      @Override
      public void freeCoherent(IbDevice d, DmaCoherent coherent) {
        if (coherent.equals(given) && times > 0) {
          times--;
          return;
        }
        if (coherent.equals(given)) {
          given = null;
        }
        super.freeCoherent(d, coherent);
      }
    };
  }

  /** A page of coherent memory is counted as no more than its half. */
  static IbDmaOps countsHalfAPage(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaUsage usage(IbDevice d) {
        DmaUsage usage = super.usage(d);
        boolean pages = usage.equals(new DmaUsage(0, 0, 1, DmaMemoryPool.PAGE_SIZE));
        return pages ? new DmaUsage(0, 0, 1, DmaMemoryPool.PAGE_SIZE / 2) : usage;
      }
    };
  }

  // ---- two steps

  static IbDmaOps syncsFirstRangeOnly(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public boolean iovaSync(IbDevice d, DmaIova state, long at, long length) {
        boolean many = length > 2L * DmaMemoryPool.PAGE_SIZE - 200 && at == 0;
        boolean odd = length % DmaMemoryPool.PAGE_SIZE != 0;
        return super.iovaSync(d, state, at, many && odd ? 1 : length);
      }
    };
  }

  static IbDmaOps leavesUnlinked(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void iovaUnlink(
          IbDevice d, DmaIova state, long at, long length, DmaDirection dir, int attributes) {
        boolean last = at > 0 && length > DmaMemoryPool.PAGE_SIZE;
        long most = last ? length - DmaMemoryPool.PAGE_SIZE : length;
        super.iovaUnlink(d, state, at, most, dir, attributes);
      }
    };
  }

  static IbDmaOps freesWhatIsLinked(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public void iovaFree(IbDevice d, DmaIova state) {
        try {
          super.iovaFree(d, state);
        } catch (IllegalArgumentException e) {
          if (!state.isInUse()) {
            throw e;
          }
        }
      }
    };
  }

  static IbDmaOps forgetsTwoStepInBooks(IbDmaOps ops) {
    return new DelegatingDmaOps(ops) {
      @Override
      public DmaUsage detach(IbDevice d) {
        DmaUsage left = super.detach(d);
        boolean links = left.mappings() == 1 && left.bytes() == 2L * DmaMemoryPool.PAGE_SIZE;
        return links ? DmaUsage.NONE : left;
      }
    };
  }
}
