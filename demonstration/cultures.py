"""The origins of invented experts: names as written there, countries, and languages spoken
there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Culture:
    """`names`: women's, men's and family names, separated by spaces; `languages`: everyone speaks
    the first."""

    countries: str
    languages: str
    women: str
    men: str
    families: str


CULTURES = (
    Culture(
        "SN ML CI",
        "fr en ar",
        "Fatou Aïssatou Mariama Ndèye Awa Rokhaya Coumba",
        "Moussa Ousmane Ibrahima Cheikh Mamadou Abdou Lamine",
        "Diallo Ndiaye Traoré Sow Coulibaly Ba Diop N’Diaye Konaté",
    ),
    Culture(
        "GH KE UG ZM",
        "en fr sw",
        "Ama Akosua Wanjiru Achieng Grace Esther Mutinta",
        "Kofi Kwame Kamau Otieno Samuel Joseph Chanda",
        "Mensah Boateng Okello Wanjala Mwangi Phiri Owusu Banda",
    ),
    Culture("ET", "am en", "ሰላማዊት ሃና ብርቱካን ማርታ", "አበበ ዳዊት ተስፋዬ ዮሐንስ", "ተስፋዬ ገብረማርያም ኃይሉ በቀለ"),
    Culture(
        "EG JO TN MA",
        "ar fr en",
        "فاطمة ليلى مريم نور هدى سلمى",
        "محمد أحمد يوسف خالد عمر طارق",
        "الحسيني المصري بنعلي حداد منصور الخطيب الشريف",
    ),
    Culture(
        "UA BG",
        "uk en ru",
        "Оксана Ірина Наталія Світлана Марія",
        "Андрій Олександр Тарас Богдан Юрій",
        "Шевченко Коваленко Бойко Петренко Ткаченко Іваненко",
    ),
    Culture(
        "GR CY",
        "el en fr",
        "Ελένη Μαρία Κατερίνα Σοφία",
        "Γιώργος Νίκος Δημήτρης Ανδρέας",
        "Παπαδοπούλου Γεωργίου Νικολάου Δημητρίου",
    ),
    Culture(
        "CN SG",
        "zh en",
        "文娟 晓红 丽华 美玲 秀英",
        "小明 伟 建国 志强 文博",
        "李 王 张 刘 陈 欧阳 赵",
    ),
    Culture(
        "CA FR BE",
        "fr en",
        "Zoë Élodie Marie-Ève Chloé Geneviève Hélène",
        "Jean-Baptiste Étienne Rémi Loïc François Benoît",
        "Tremblay Lefèvre Côté Beaulieu Gagné D’Amours Lévesque Moreau",
    ),
    Culture(
        "GB IE US AU",
        "en fr es",
        "Siobhán Catherine Eleanor Ruth Amelia Niamh",
        "Liam Oliver Seán Patrick George Daniel",
        "O’Connor MacLeod Hughes Fitzgerald Bennett Walsh Harper",
    ),
    Culture(
        "PL CZ SI",
        "pl en de",
        "Agnieszka Małgorzata Zuzana Tereza Nataša",
        "Łukasz Paweł Tomáš Jiří Marek",
        "Żółcińska Wiśniewski Dvořák Němec Kovačič Nowak Zieliński",
    ),
    Culture(
        "NO SE DK IS",
        "no en de",
        "Ingrid Åsa Sólveig Maja Astrid",
        "Bjørn Søren Håkon Lars Einar",
        "Haugen Sjöberg Østergård Sigurðsson Lindqvist Aasen",
    ),
    Culture(
        "CO BO CL ES",
        "es en fr",
        "María-José Lucía Camila Begoña Inés Ximena",
        "José Íñigo Andrés Martín Joaquín Álvaro",
        "Quispe Muñoz Ibáñez Castañeda Peña Rodríguez Yáñez",
    ),
    Culture(
        "BR PT MZ",
        "pt en es",
        "Conceição Beatriz Inês Graça Luísa",
        "João Gonçalo Luís António Márcio",
        "Gonçalves Conceição Magalhães Simões Araújo Machava",
    ),
    Culture(
        "VN",
        "vi en fr",
        "Hạnh Ngọc Thủy Phương Linh",
        "Dũng Tuấn Minh Đức Hải",
        "Nguyễn Trần Phạm Lê Đặng Võ",
    ),
    Culture(
        "IN NP BD LK",
        "en hi ne",
        "Priya Anjali Sunita Farzana Dilrukshi",
        "Rajesh Bikram Suresh Imran Nuwan",
        "Raghunathan Thapa Rahman Perera Gurung Chowdhury",
    ),
    Culture(
        "TR KZ",
        "tr en ru",
        "Ayşe Gülşen Elif Şeyma",
        "Ahmet Çağatay Özgür İsmail",
        "Yıldız Çelik Öztürk Şahin Aydoğan",
    ),
    Culture(
        "ID PH FJ",
        "en id fr",
        "Siti Dewi Maricel Litia",
        "Agus Budi Rommel Josefa",
        "Rahmawati Santoso Delacruz Vakatora Wijaya",
    ),
)
