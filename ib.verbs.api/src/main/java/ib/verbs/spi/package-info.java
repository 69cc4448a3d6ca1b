// SPDX-License-Identifier: Apache-2.0
/** Verbs for upper-layer protocols (ib.verbs) and the driver side of them (ib.verbs.spi). */
@Export
@Version("1.0.0")
@NullMarked
package ib.verbs.spi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
