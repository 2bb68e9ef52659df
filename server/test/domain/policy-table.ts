/** Texts in English and Indonesian, and what policies find in each: `detector:find`, apart by a bar; nothing where nothing is found. */

export interface TableRow {
  text: string;
  found: readonly string[];
}

const row = (line: string): TableRow => {
  const [text = '', found = ''] = line.split(' => ');
  return { text, found: found === '' ? [] : found.split(' | ') };
};

const english = String.raw`
Please write to anna.berg@example.com before Friday. => email:anna.berg@example.com
Both a@b.io and first.last+tag@mail.example.co.uk answered. => email:a@b.io | email:first.last+tag@mail.example.co.uk
The address is user_name%test@sub-domain.example.org, in lower case. => email:user_name%test@sub-domain.example.org
Contact: JOHN@EXAMPLE.COM. => email:JOHN@EXAMPLE.COM
Use the @ sign between name and host. =>
She tagged @maria and @john in the comment. =>
npm install @scope/package@1.2.3 works. =>
The regex matches foo@bar without a dot. =>
Write to me at x@y.z today. =>
Mail..dots@example.com is odd. =>
Call me on +1 415 555 2671 tonight. => phone:+1 415 555 2671
The office is (212) 555-0187, ask for Ann. => phone:(212) 555-0187
Reach support at 415-555-2671. => phone:415-555-2671
My number: +44 20 7946 0958. => phone:+44 20 7946 0958
German line: +49 (30) 901820. => phone:+49 (30) 901820
Dial 911 in an emergency. =>
Room 415-26 is on the fourth floor. =>
Version 4.15.555 was released in 2024. =>
The score was 105-98 after overtime. =>
In 2019-2020 we grew by 12.5 percent. =>
The card 4111 1111 1111 1111 expires soon. => card:4111 1111 1111 1111
Pay with 5555555555554444 please. => card:5555555555554444
Amex 3782-822463-10005 was declined. => card:3782-822463-10005
Discover: 6011111111111117. => card:6011111111111117
JCB 3530111333300000 too. => card:3530111333300000
Not a card: 4111 1111 1111 1112. =>
Order number 1234567890123456 shipped. =>
All the same digits 4444444444444444 are none. =>
Tracking 9400 1000 0000 0000 0000 00 is on its way. =>
The hash 41111111111111112222 is longer than a card. =>
Send it to GB82 WEST 1234 5698 7654 32 today. => iban:GB82 WEST 1234 5698 7654 32
IBAN DE89370400440532013000 is ours. => iban:DE89370400440532013000
French: FR14 2004 1010 0505 0001 3M02 606. => iban:FR14 2004 1010 0505 0001 3M02 606
Broken IBAN DE88370400440532013000 fails its check. =>
GB82 WEST alone is nothing. =>
NL91ABNA0417164300 belongs to the shop. => iban:NL91ABNA0417164300
CH93 0076 2011 6238 5295 7 in Zurich. => iban:CH93 0076 2011 6238 5295 7
The licence plate AB12 CDE is not an account. =>
The server at 192.168.10.24 is down. => ip:192.168.10.24
Traffic from 8.8.8.8 and 203.0.113.77 was dropped. => ip:8.8.8.8 | ip:203.0.113.77
IPv6 2001:db8:85a3::8a2e:370:7334 answers. => ip:2001:db8:85a3::8a2e:370:7334
Full form 2001:0db8:0000:0000:0000:ff00:0042:8329 too. => ip:2001:0db8:0000:0000:0000:ff00:0042:8329
Version 1.2.3.4.5 has five parts. =>
999.10.10.10 is no address. =>
Meet at 10:30:45 sharp. =>
std::vector and a::b are C++. =>
Use 127.0.0.1 for tests. =>
Section 3.1.2 explains it. =>
Account number: 000123456789 at our bank. => account:000123456789
Transfer to account no. 1234-5678-90 by Monday. => account:1234-5678-90
The account has 12 users. =>
On account of 2024 numbers we wait. =>
a/c 9876543210 is closed. => account:9876543210
Acct no: 55 44 33 22 11. => account:55 44 33 22 11
My passport number is X1234567. => passport:X1234567
Passport: C03005988, issued in Boston. => passport:C03005988
US passport 340020013 is valid. => passport:340020013
A passport costs 150 dollars. =>
The passport office opens at nine. =>
Flight X1234567 does not exist. =>
Tax ID 01.234.567.8-901.000 is registered. => npwp:01.234.567.8-901.000
tax number 012345678901000 on the form => npwp:012345678901000
The key is sk-abcdefghijklmnopqrstuvwx1234. => secret:sk-abcdefghijklmnopqrstuvwx1234
AWS gave us AKIAIOSFODNN7EXAMPLE for tests. => secret:AKIAIOSFODNN7EXAMPLE
Token ghp_abcdefghijklmnopqrstuvwxyz0123456789 leaked. => secret:ghp_abcdefghijklmnopqrstuvwxyz0123456789
-----BEGIN RSA PRIVATE KEY----- follows. => secret:-----BEGIN RSA PRIVATE KEY-----
Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w is old. => secret:eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w
The ask-me-anything-about-everything-here page is public. =>
A task-list of twenty things is not a key. =>
-----BEGIN CERTIFICATE----- is public. =>
Write a poem about the sea. =>
What is the capital of France? =>
Sum 12 and 30, then divide by 7. =>
The year 1984 was written in 1948. =>
He ran 10 km in 42:17. =>
Prices rose from $1,299.00 to $1,349.99. =>
ISBN 978-3-16-148410-0 is a book. =>
UUID 550e8400-e29b-41d4-a716-446655440000 is random. =>
Commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904 is empty. =>
The population is 7,900,000,000. =>
2024-11-21T08:30:00Z is a time. =>
Coordinates -6.2088, 106.8456 are Jakarta. =>
Color #ff8800 on rgb(255, 136, 0). =>
The codename project kestrel must not leak. => keyword:project kestrel
PROJECT  KESTREL in capitals. => keyword:PROJECT  KESTREL
Project kestrels are birds. =>
A subproject kestrel is one word. =>
We call it top-secret here. => keyword:top-secret
Topsecret is another word. =>
Ticket ACME-1234 is open. => pattern:ACME-1234
ACME-12 is too short. =>
XACME-1234 begins elsewhere. =>
Tickets ACME-1111 and ACME-2222. => pattern:ACME-1111 | pattern:ACME-2222
Mail anna@example.com about ACME-9999. => email:anna@example.com | pattern:ACME-9999
Card 4111111111111111 of project kestrel. => card:4111111111111111 | keyword:project kestrel
Host 10.0.0.5, user root@example.com. => ip:10.0.0.5 | email:root@example.com
Her card is 4242 4242 4242 4242, her mail eve@example.net. => card:4242 4242 4242 4242 | email:eve@example.net
Nothing to see here. =>
`;

const indonesian = String.raw`
NIK saya 3174051209900001. => nik:3174051209900001
NIK perempuan: 3273015508850003. => nik:3273015508850003
Nomor KTP 3578 1001 0195 0002 sudah diverifikasi. => nik:3578 1001 0195 0002
KTP 317405-120990-0001 atas nama Budi. => nik:317405-120990-0001
Nomor 3174053209900001 bukan NIK karena tanggalnya. =>
Nomor 3174051213900001 bukan NIK karena bulannya. =>
Nomor 9974051209900001 bukan NIK karena provinsinya. =>
Nomor 3100051209900001 bukan NIK karena kabupatennya. =>
Nomor 3174051209900000 bukan NIK karena urutannya. =>
Nomor 317405120990000 kurang satu angka. =>
Nomor 31740512099000012 lebih satu angka. =>
Tanggal lahir 30 Februari: 3174053002900001. =>
Lahir 29 Februari: 3174052902920001. => nik:3174052902920001
Warga Papua: 9171011708950002. => nik:9171011708950002
Warga Papua Barat Daya 9601011708950002. => nik:9601011708950002
NPWP 09.254.294.3-407.000 terdaftar. => npwp:09.254.294.3-407.000
NPWP: 092542943407000 tanpa titik. => npwp:092542943407000
NPWP 16 digit: 0092542943407000. => npwp:0092542943407000
NPWP pribadi 3174051209900001 sama dengan NIK. => npwp:3174051209900001
Nomor 092542943407000 tanpa keterangan. =>
Wajib pajak 01.234.567.8-901.000 lapor. => npwp:01.234.567.8-901.000
Pasal 09.254 ayat 294 tidak ada. =>
Bayar pajak 10 persen. =>
Hubungi 0812-3456-7890 sekarang. => phone:0812-3456-7890
HP saya 081234567890. => phone:081234567890
WA: +62 812 3456 7890 ya. => phone:+62 812 3456 7890
Nomor 6281234567890 aktif. => phone:6281234567890
Kantor (021) 5790 1234 buka jam 8. => phone:(021) 5790 1234
Telepon 021-57901234 ext 5. => phone:021-57901234
Bandung 022 4231234. => phone:022 4231234
Nomor +62-21-5790-1234 resmi. => phone:+62-21-5790-1234
Telepon darurat 112. =>
Kode pos 12190. =>
Harga Rp 1.250.000 per bulan. =>
Jam 08.30 sampai 17.00. =>
Tahun 2019/2020 naik 12,5 persen. =>
Rekening BCA 1234567890 atas nama Siti. => account:1234567890
No. rek 0987654321 Mandiri. => account:0987654321
Transfer ke BRI 1234-01-012345-53-4. => account:1234-01-012345-53-4
Nomor rekening: 7001234567 (BSI). => account:7001234567
norek 123 456 7890 ya. => account:123 456 7890
Bank Mandiri 1570001234567. => account:1570001234567
BCA buka sampai jam 15.00. =>
BRI memiliki 8600 unit kerja. =>
Virtual account 8808123456789012. => account:8808123456789012
va 88081234567890 kedaluwarsa. => account:88081234567890
Rekeningnya di BNI kosong. =>
CIMB Niaga 800123456700 aktif. => account:800123456700
Mandiri itu berdiri sendiri, lahir 1998. =>
Jenius 90012345678 milik kakak. => account:90012345678
Paspor saya B1234567. => passport:B1234567
Nomor paspor: AT123456 berlaku sampai 2030. => passport:AT123456
Paspor habis bulan depan. =>
Biaya paspor 650000 rupiah. =>
Paspor elektronik X7654321 baru terbit. => passport:X7654321
Email saya budi.santoso@contoh.co.id. => email:budi.santoso@contoh.co.id
Surel: siti_rahma@example.id, mohon dibalas. => email:siti_rahma@example.id
Kirim ke admin@kantor.go.id dan cc@kantor.go.id. => email:admin@kantor.go.id | email:cc@kantor.go.id
Tanda @ dipakai untuk menyebut orang. =>
Kartu kredit 4111 1111 1111 1111 saya hilang. => card:4111 1111 1111 1111
Nomor kartu 5105105105105100. => card:5105105105105100
Kartu 4000 0000 0000 0003 salah angka. =>
Server 10.20.30.40 mati. => ip:10.20.30.40
Alamat IP 172.16.254.1 diblokir. => ip:172.16.254.1
Versi 2.10.0 sudah terpasang. =>
Dokumen ini rahasia negara, jangan disebar. => keyword:rahasia negara
RAHASIA NEGARA tertulis di sampul. => keyword:RAHASIA NEGARA
Rahasia  negara dengan dua spasi. => keyword:Rahasia  negara
Ini rahasia, kata negara tetangga. =>
Merahasiakan negara asal bukan hal baru. =>
Proyek Garuda Emas dimulai. => keyword:Proyek Garuda Emas
Garuda terbang ke Emas Bay. =>
Tiket ACME-5678 selesai. => pattern:ACME-5678
Tiket acme-5678 huruf kecil. =>
Kode ACME-56789 terlalu panjang. =>
Tulis puisi tentang hujan. =>
Apa ibu kota Indonesia? =>
Jelaskan cara kerja fotosintesis. =>
Hitung 15 persen dari 250.000. =>
Ringkas artikel ini dalam tiga kalimat. =>
Terjemahkan kalimat berikut ke bahasa Inggris. =>
Rapat pukul 09.00 di ruang 3.12. =>
Luas tanah 1.200 meter persegi. =>
Nomor surat 001/HRD/XI/2024. =>
Nomor polisi B 1234 XYZ. =>
Resi JNE 012345678901234. =>
Kode OTP jangan dibagikan. =>
Skor 3-1 untuk Persija. =>
Jalan Sudirman Kav. 52-53, Jakarta 12190. =>
RT 005 RW 012. =>
NIK 3174051209900001, HP 081234567890. => nik:3174051209900001 | phone:081234567890
Rekening BCA 1234567890, email siti@contoh.id. => account:1234567890 | email:siti@contoh.id
Data: NPWP 09.254.294.3-407.000; NIK 3273015508850003. => npwp:09.254.294.3-407.000 | nik:3273015508850003
Paspor B1234567 dan kartu 4111111111111111. => passport:B1234567 | card:4111111111111111
IBAN rekanan DE89 3704 0044 0532 0130 00. => iban:DE89 3704 0044 0532 0130 00
Kunci sk-proj-abcdefghijklmnopqrstuvwxyz012345 bocor. => secret:sk-proj-abcdefghijklmnopqrstuvwxyz012345
Penduduk Indonesia 280 juta jiwa. =>
Gunung tertinggi 4.884 meter. =>
Semoga harimu menyenangkan. =>
Sila duduk, rapat segera dimulai. =>
Rahasia negara di 10.0.0.9 milik root@contoh.id. => keyword:Rahasia negara | ip:10.0.0.9 | email:root@contoh.id
Selamat pagi, ada yang bisa dibantu? =>
`;

const rowsOf = (lines: string): TableRow[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => row(line.endsWith(' =>') ? `${line} ` : line));

export const englishRows = rowsOf(english);
export const indonesianRows = rowsOf(indonesian);
