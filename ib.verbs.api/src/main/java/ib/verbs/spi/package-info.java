// SPDX-License-Identifier: Apache-2.0
/**
 * What a driver implements: an {@link ib.verbs.spi.HcaDevice}, which it registers as a service
 * under {@code ib.dma.IbDevice}, and the {@link ib.verbs.spi.Hca} that this opens. Drivers provide
 * (import {@code [1.0,1.1)}), only {@code ib.core} consumes; a ULP never imports this package.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.verbs.spi;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
